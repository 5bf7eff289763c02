package deploy_test

import (
	"cmp"
	"os"
	"path/filepath"
	"strings"
	"testing"

	apps "k8s.io/api/apps/v1"
	core "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/meta"
	"sigs.k8s.io/kustomize/api/krusty"
	"sigs.k8s.io/kustomize/kyaml/filesys"

	"github.com/flowgate-go/flowgate/internal/deploy/kubernetes"
)

// build returns what `kubectl apply -k` applies of a rendered folder.
func build(t *testing.T, folder string) string {
	t.Helper()
	all, err := krusty.MakeKustomizer(krusty.MakeDefaultOptions()).Run(filesys.MakeFsOnDisk(), folder)
	if err != nil {
		t.Fatal(err)
	}
	text, err := all.AsYaml()
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// withAll returns the options with every component.
func withAll(o kubernetes.Options) kubernetes.Options {
	o.With = []string{kubernetes.Ingress, kubernetes.Gateway, kubernetes.ServiceMonitor}
	o.Gateway = cmp.Or(o.Gateway, "infra/public")
	return o
}

// judge returns the objects of a manifest and the first reason for which Kubernetes would refuse them or never run
// them.
func judge(text string, secrets map[string]map[string]string) ([]document, string) {
	all, err := decode([]byte(text))
	if err != nil {
		return nil, "decode: " + err.Error()
	}
	for _, d := range all {
		if err := validate(d); err != nil {
			return nil, "schema: " + err.Error()
		}
		if err := checkSecurity(d.object); err != nil {
			return nil, "security: " + err.Error()
		}
	}
	s := stack{documents: all, secrets: secrets}
	if problems := s.check(); len(problems) > 0 {
		return nil, "references: " + strings.Join(problems, "; ")
	}
	if problems := s.checkPromises(); len(problems) > 0 {
		return nil, "promises: " + strings.Join(problems, "; ")
	}
	if router := routerOf(all); router == nil {
		return nil, "there is no router"
	} else if router.Spec.Containers[0].Command[0] == "/flowgate" {
		if err := checkGrace(router); err != nil {
			return nil, "grace: " + err.Error()
		}
	}
	return all, ""
}

// routerOf returns the pods of the router.
func routerOf(all []document) *core.PodTemplateSpec {
	for _, d := range all {
		if o, ok := d.object.(*apps.Deployment); ok && o.Name == "router" {
			return &o.Spec.Template
		}
	}
	return nil
}

// TestKubernetesAcceptsWhatIsRendered has every file and what kustomize makes of them decoded strictly, validated with
// the schemas of Kubernetes, judged by the Pod Security Standard "restricted", and its references followed.
func TestKubernetesAcceptsWhatIsRendered(t *testing.T) {
	t.Parallel()
	for _, name := range configurations(t) {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			dir, o := t.TempDir(), optionsOf(t, name)
			cfg := install(t, name, dir)
			for _, o := range []kubernetes.Options{o, withAll(o)} {
				folder := render(t, cfg, o)
				checkFiles(t, folder)
				all, refused := judge(build(t, folder), makeSecrets(t, folder, cfg.Dir))
				if refused != "" || len(all) < 6+len(o.With) {
					t.Errorf("%v: %d objects, %s", o.With, len(all), refused)
				}
				checkNamespace(t, all, o.Name)
			}
		})
	}
}

// checkFiles checks the manifests before kustomize has read them, those of components that are not applied too.
func checkFiles(t *testing.T, folder string) {
	t.Helper()
	files, _ := filepath.Glob(filepath.Join(folder, "*.yaml"))
	more, _ := filepath.Glob(filepath.Join(folder, "components", "*", "resource.yaml"))
	if len(files) < 4 || len(more) != 3 {
		t.Fatalf("%v, %v", files, more)
	}
	for _, file := range append(files, more...) {
		if filepath.Base(file) == "kustomization.yaml" { // build reads it, and refuses what it does not know
			continue
		}
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		all, err := decode(text)
		if err != nil || len(all) == 0 {
			t.Errorf("%s: %d objects, %v", file, len(all), err)
		}
		for _, d := range all {
			if err := validate(d); err != nil {
				t.Errorf("%s: %v", file, err)
			}
		}
	}
}

// checkNamespace checks that every object is in the namespace that comes with them.
func checkNamespace(t *testing.T, all []document, name string) {
	t.Helper()
	for _, d := range all {
		o, err := meta.Accessor(d.object)
		if err != nil {
			t.Fatal(err)
		}
		if _, isNamespace := d.object.(*core.Namespace); isNamespace && o.GetName() != name ||
			!isNamespace && o.GetNamespace() != name {
			t.Errorf("%s is in the namespace %q, not %q", o.GetName(), o.GetNamespace(), name)
		}
	}
}

// TestWhatKubernetesWouldRefuseIsFound breaks the manifests of a configuration and has them judged: it shows that the
// judges work.
func TestWhatKubernetesWouldRefuseIsFound(t *testing.T) {
	t.Parallel()
	dir, o := t.TempDir(), withAll(optionsOf(t, "accounts"))
	cfg := install(t, "accounts", dir)
	folder := render(t, cfg, o)
	text, secrets := build(t, folder), makeSecrets(t, folder, cfg.Dir)
	if _, refused := judge(text, secrets); refused != "" {
		t.Fatal(refused)
	}
	const service = "kind: Service\nmetadata:\n  labels:\n    app.kubernetes.io/name: router\n" +
		"    app.kubernetes.io/part-of: flowgate\n"
	for _, m := range []struct{ old, new, refused string }{
		{"containerPort:", "containerport:", "decode: "},
		{"maxSurge: 1", "maxSurge: 1\n      maxsurge: 1", "decode: "},
		{"policy/v1\n", "policy/v1beta1\n", "decode: "},
		{"kind: Service\n", "kind: Servise\n", "decode: "},
		{"interval: 15s", "intervall: 15s", "decode: "},
		{"backendRequest: 0s", "backendrequest: 0s", "decode: "},
		{"backendRequest: 0s", "backendRequest: soon", "schema: "},
		{"replicas: 1", "replicas: one", "decode: "},
		{"name: default-deny\n", "name: Default_Deny\n", "schema: "},
		{"kind: Service\nmetadata:\n", "kind: Service\nmetadata:\n  annotations: {Bad_/key: x}\n", "schema: "},
		{"whenUnsatisfiable: ScheduleAnyway", "whenUnsatisfiable: 1", "decode: "},
		{"port: 4000", "port: 4000\n    protocol: [TCP]", "decode: "},
		{"allowPrivilegeEscalation: false", "allowPrivilegeEscalation: true", "security: restricted"},
		{"allowPrivilegeEscalation: false", "allowPrivilegeEscalation: false\n          privileged: true",
			"security: restricted"},
		{"runAsNonRoot: true", "runAsNonRoot: false", "security: restricted"},
		{"type: RuntimeDefault", "type: Unconfined", "security: restricted"},
		{"- ALL", "- NET_RAW", "security: restricted"},
		{"- emptyDir:\n          sizeLimit: 256Mi", "- hostPath:\n          path: /tmp", "security: restricted"},
		{"readOnlyRootFilesystem: true", "readOnlyRootFilesystem: false", "security: open"},
		{"automountServiceAccountToken: false", "automountServiceAccountToken: true", "security: open"},
		{"livenessProbe:", "startupProbe:", "decode: "},
		{"targetPort: http", "targetPort: web", "references: "},
		{service + "  name: router\n", service + "  name: 1router\n", "references: Service 1router: a DNS-1035 label"},
		{"mountPath: /run/flowgate/keys\n          name: keys", "mountPath: /run/flowgate/keys\n          name: key",
			"references: "},
		{"secretName: router-keys", "secretName: router-key", "references: "},
		{"key: password", "key: word", "references: "},
		{"claimName: cliproxyapi", "claimName: cliproxy", "references: "},
		{"name: router-settings\n", "name: settings-of-the-router\n", "references: "},
		{"enforce: restricted", "enforce: baseline", "promises: "},
		{"  policyTypes:\n  - Ingress\n  - Egress\n", "  policyTypes:\n  - Ingress\n", "promises: "},
		{"maxUnavailable: 0", "maxUnavailable: 1", "promises: "},
		{"type: Recreate", "type: RollingUpdate", "promises: "},
		{"- 169.254.0.0/16", "- 169.254.0.0/24", "promises: "},
		{"defaultMode: 288", "defaultMode: 292", "promises: "},
		{"fsGroup: 65532", "fsGroup: 65533", "promises: "},
		{`proxy-buffering: "off"`, `proxy-buffering: "on"`, "promises: "},
		{"backendRequest: 0s", "backendRequest: 10m", "promises: "},
		{"terminationGracePeriodSeconds: 620", "terminationGracePeriodSeconds: 600", "grace: "},
	} {
		broken := strings.Replace(text, m.old, m.new, 1)
		if broken == text {
			t.Errorf("%q is not in the manifests", m.old)
			continue
		}
		if _, refused := judge(broken, secrets); !strings.HasPrefix(refused, m.refused) {
			t.Errorf("%q in the place of %q: %q, not %s", m.new, m.old, refused, m.refused)
		}
	}
}
