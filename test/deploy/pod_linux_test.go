package deploy_test

import (
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	core "k8s.io/api/core/v1"
)

// launch is what a runtime of containers does: the root folder cannot be written, /proc is the container's own, and
// the program runs as a user without rights. Its arguments are the root folder, that user, a folder in the root that can
// be written or nothing, and the command.
const launch = `set -e
root=$1 user=$2 writable=$3
shift 3
mount --bind "$root" "$root"
[ -z "$writable" ] || mount --bind "$root/$writable" "$root/$writable"
mount -t proc proc "$root/proc"
mount -o remount,bind,ro "$root"
exec chroot --userspec="$user" "$root" "$@"
`

// pod is a process that runs as the container of a pod would: with the root folder of FlowGate's image, the volumes,
// variables, user and arguments of the manifest. Only numbers of ports differ, since several pods are on one machine.
type pod struct {
	t         *testing.T
	container core.Container
	root      string
	ports     map[int32]int // the ports of the manifests, and here
	writable  string        // a folder in root; "" for none
	cmd       *exec.Cmd
	log       *log
	ended     chan struct{}

	environment []string // the image's
}

// log is what a process prints.
type log struct {
	mu   sync.Mutex
	text strings.Builder
}

func (l *log) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.Write(p)
}

func (l *log) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.String()
}

// newPod lays out the root folder of the first container of some pods.
func newPod(t *testing.T, s stack, template *core.PodTemplateSpec, ports map[int32]int) *pod {
	t.Helper()
	p := newRoot(t, template.Spec.Containers[0], ports)
	for _, v := range template.Spec.Volumes {
		for _, m := range p.container.VolumeMounts {
			if m.Name == v.Name {
				p.mount(m.MountPath, p.contentOf(s, v))
			}
		}
	}
	p.start(environmentOf(t, s, p.container))
	return p
}

// newRoot lays out the root folder of a container, without volumes.
func newRoot(t *testing.T, c core.Container, ports map[int32]int) *pod {
	t.Helper()
	root, err := os.MkdirTemp(shared, "pod-")
	if err == nil {
		err = os.Chmod(root, 0o755)
	}
	if err != nil {
		t.Fatal(err)
	}
	p := &pod{t: t, container: c, root: root, ports: ports, log: &log{}, ended: make(chan struct{})}
	p.environment = unpackImage(t, root)
	p.mkdir("proc")
	// A Service's name leads to its pods.
	p.write("etc/hosts", "127.0.0.1 localhost cliproxyapi router\n")
	return p
}

// contentOf returns the files of a volume.
func (p *pod) contentOf(s stack, v core.Volume) map[string]string {
	p.t.Helper()
	switch {
	case v.ConfigMap != nil:
		files := map[string]string{}
		for name, text := range s.configMap(v.ConfigMap.Name) {
			files[name] = p.movePorts(text)
		}
		return files
	case v.Secret != nil && len(v.Secret.Items) == 0:
		return s.secrets[v.Secret.SecretName]
	case v.Secret != nil:
		files := map[string]string{}
		for _, i := range v.Secret.Items {
			files[i.Path] = s.secrets[v.Secret.SecretName][i.Key]
		}
		return files
	}
	p.t.Fatalf("the volume %s is of a kind that this test does not know", v.Name)
	return nil
}

// portInText is a port of an address or of a flag.
var portInText = regexp.MustCompile(`(:|-port=)(\d+)`)

// movePorts replaces the ports of the manifests.
func (p *pod) movePorts(text string) string {
	return portInText.ReplaceAllStringFunc(text, func(found string) string {
		m := portInText.FindStringSubmatch(found)
		number, _ := strconv.Atoi(m[2])
		if here := p.ports[int32(number)]; here != 0 {
			return m[1] + strconv.Itoa(here)
		}
		return found
	})
}

// mount writes the files of a volume as the kubelet does: each is a link to a folder that is replaced whole, and belongs
// to root and the group of the pod.
func (p *pod) mount(path string, files map[string]string) {
	p.t.Helper()
	path = strings.TrimPrefix(path, "/")
	const version = "..2026_01_02_03_04_05.678"
	p.mkdir(filepath.Join(path, version))
	p.link(version, filepath.Join(path, "..data"))
	for name, text := range files {
		p.write(filepath.Join(path, version, name), text)
		p.link(filepath.Join("..data", name), filepath.Join(path, name))
	}
}

// mkdir makes a folder in the pod.
func (p *pod) mkdir(name string) {
	p.t.Helper()
	if err := os.MkdirAll(filepath.Join(p.root, name), 0o755); err != nil {
		p.t.Fatal(err)
	}
}

// link makes a link in the pod.
func (p *pod) link(to, name string) {
	p.t.Helper()
	if err := os.Symlink(to, filepath.Join(p.root, name)); err != nil {
		p.t.Fatal(err)
	}
}

// user is the number of the user and of the group of the pods.
const user = 65532

// write writes a file of a volume, which only the group of the pod reads.
func (p *pod) write(name, text string) {
	p.t.Helper()
	path := filepath.Join(p.root, name)
	err := os.WriteFile(path, []byte(text), 0o640)
	if err == nil && os.Geteuid() == 0 {
		err = os.Chown(path, 0, user)
	}
	if err == nil {
		err = os.Chmod(path, 0o440)
	}
	if err != nil {
		p.t.Fatal(err)
	}
}

// environmentOf returns the variables that the manifest gives a container, $(NAME) replaced as the kubelet does.
func environmentOf(t *testing.T, s stack, c core.Container) (all []string) {
	t.Helper()
	values := map[string]string{}
	reference := regexp.MustCompile(`\$?\$\([A-Za-z_][A-Za-z0-9_]*\)`)
	for _, e := range c.Env {
		value := reference.ReplaceAllStringFunc(e.Value, func(found string) string {
			if strings.HasPrefix(found, "$$") {
				return found[1:]
			}
			if v, isKnown := values[found[2:len(found)-1]]; isKnown {
				return v
			}
			return found
		})
		if e.ValueFrom != nil {
			ref := e.ValueFrom.SecretKeyRef
			v, exists := s.secrets[ref.Name][ref.Key]
			if !exists {
				continue // it is optional: references_test.go
			}
			value = v
		}
		values[e.Name] = value
		all = append(all, e.Name+"="+value)
	}
	return all
}

// start starts the process with variables besides those of the image.
func (p *pod) start(environment []string) {
	p.t.Helper()
	args := []string{"-c", launch, "sh", p.root, fmt.Sprintf("%d:%d", user, user), p.writable}
	attributes := &syscall.SysProcAttr{Cloneflags: syscall.CLONE_NEWPID, Unshareflags: syscall.CLONE_NEWNS, Pdeathsig: syscall.SIGKILL}
	if os.Geteuid() != 0 { // root of a namespace, who has no second user there
		args[4] = "0:0"
		attributes.Cloneflags |= syscall.CLONE_NEWUSER | syscall.CLONE_NEWNS
		attributes.Unshareflags = 0
		attributes.UidMappings = []syscall.SysProcIDMap{{ContainerID: 0, HostID: os.Geteuid(), Size: 1}}
		attributes.GidMappings = []syscall.SysProcIDMap{{ContainerID: 0, HostID: os.Getegid(), Size: 1}}
	}
	args = append(args, p.container.Command...)
	for _, a := range p.container.Args {
		args = append(args, p.movePorts(a))
	}
	p.cmd = exec.Command("sh", args...)
	p.cmd.Stdout, p.cmd.Stderr, p.cmd.SysProcAttr = p.log, p.log, attributes
	p.cmd.Env = slices.Concat(p.environment, environment, []string{"PATH=/usr/sbin:/usr/bin:/sbin:/bin"}) // for the script
	if err := p.cmd.Start(); err != nil {
		p.t.Fatalf("start a container: %v", err)
	}
	go func() { _ = p.cmd.Wait(); close(p.ended) }()
	p.t.Cleanup(func() {
		_ = p.cmd.Process.Kill()
		<-p.ended
	})
}

// url returns an address of the pod.
func (p *pod) url(path string) string {
	here := p.ports[p.container.Ports[0].ContainerPort]
	return "http://" + net.JoinHostPort("127.0.0.1", strconv.Itoa(here)) + path
}

// probe asks what a probe of the manifest asks, as the kubelet does, and reports whether it is content.
func (p *pod) probe(probe *core.Probe) bool {
	client := http.Client{Timeout: 10 * time.Second}
	res, err := client.Get(p.url(probe.HTTPGet.Path))
	if err != nil {
		return false
	}
	_ = res.Body.Close()
	return res.StatusCode >= 200 && res.StatusCode < 400
}

// awaitReady waits until the probes of the manifest are content.
func (p *pod) awaitReady() {
	p.t.Helper()
	for end := time.Now().Add(2 * time.Minute); time.Now().Before(end); time.Sleep(50 * time.Millisecond) {
		select {
		case <-p.ended:
			p.t.Fatalf("%s ended: %v\n%s", p.container.Name, p.cmd.ProcessState, p.log)
		default:
		}
		if p.probe(p.container.LivenessProbe) && p.probe(p.container.ReadinessProbe) {
			return
		}
	}
	p.t.Fatalf("%s is not ready\n%s", p.container.Name, p.log)
}
