package deploy_test

import (
	"fmt"
	"slices"
	"time"

	monitoring "github.com/prometheus-operator/prometheus-operator/pkg/apis/monitoring/v1"
	apps "k8s.io/api/apps/v1"
	autoscaling "k8s.io/api/autoscaling/v2"
	core "k8s.io/api/core/v1"
	networking "k8s.io/api/networking/v1"
	policy "k8s.io/api/policy/v1"
	meta "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/util/intstr"
	"k8s.io/apimachinery/pkg/util/validation"
	gateway "sigs.k8s.io/gateway-api/apis/v1"
)

// stack is the objects of a deployment and its Secrets: the API server accepts names of things that do not exist,
// and a pod waits for them without end.
type stack struct {
	documents []document
	secrets   map[string]map[string]string // values by key, by the name of the Secret
	problems  []string
}

// problem notes what is wrong.
func (s *stack) problem(format string, args ...any) {
	s.problems = append(s.problems, fmt.Sprintf(format, args...))
}

// check returns what the objects refer to and does not exist.
func (s *stack) check() []string {
	for _, d := range s.documents {
		if template := templateOf(d.object); template != nil {
			s.checkPods(template)
		}
		switch o := d.object.(type) {
		case *apps.Deployment:
			s.checkSelector(o.Name, o.Spec.Selector, &o.Spec.Template)
		case *apps.StatefulSet:
			s.checkSelector(o.Name, o.Spec.Selector, &o.Spec.Template)
			s.checkBackend(o.Name, o.Spec.ServiceName, intstr.IntOrString{})
		case *core.Service:
			s.checkService(o)
		case *policy.PodDisruptionBudget:
			s.findPods("PodDisruptionBudget "+o.Name, o.Spec.Selector)
		case *networking.NetworkPolicy:
			s.checkNetworkPolicy(o)
		case *networking.Ingress:
			for _, path := range o.Spec.Rules[0].HTTP.Paths {
				b := path.Backend.Service
				s.checkBackend("Ingress", b.Name, intstr.FromString(b.Port.Name))
			}
		case *gateway.HTTPRoute:
			for _, b := range o.Spec.Rules[0].BackendRefs {
				s.checkBackend("HTTPRoute", string(b.Name), intstr.FromInt32(int32(*b.Port)))
			}
		case *autoscaling.HorizontalPodAutoscaler:
			s.checkScaling(o)
		case *monitoring.ServiceMonitor:
			s.checkMonitor(o)
		}
	}
	return s.problems
}

// templates returns the pods of all objects.
func (s *stack) templates() (all []*core.PodTemplateSpec) {
	for _, d := range s.documents {
		if t := templateOf(d.object); t != nil {
			all = append(all, t)
		}
	}
	return all
}

// findPods returns the pods that a selector finds; none is a problem.
func (s *stack) findPods(who string, selector *meta.LabelSelector) (found []*core.PodTemplateSpec) {
	match, err := meta.LabelSelectorAsSelector(selector)
	if err != nil {
		s.problem("%s: %v", who, err)
		return nil
	}
	for _, t := range s.templates() {
		if match.Matches(labels.Set(t.Labels)) {
			found = append(found, t)
		}
	}
	if len(found) == 0 {
		s.problem("%s selects no pod", who)
	}
	return found
}

// checkSelector checks that an object selects its own pods and no others.
func (s *stack) checkSelector(name string, selector *meta.LabelSelector, own *core.PodTemplateSpec) {
	if found := s.findPods(name, selector); len(found) != 1 || found[0] != own {
		s.problem("%s does not select its own pods alone", name)
	}
}

// checkPods checks what the containers of a pod refer to.
func (s *stack) checkPods(t *core.PodTemplateSpec) {
	for _, c := range t.Spec.Containers {
		for _, m := range c.VolumeMounts {
			if !slices.ContainsFunc(t.Spec.Volumes, func(v core.Volume) bool { return v.Name == m.Name }) &&
				!slices.ContainsFunc(s.claims(), func(name string) bool { return name == m.Name }) {
				s.problem("%s: there is no volume %s", c.Name, m.Name)
			}
		}
		for _, e := range c.Env {
			if e.ValueFrom != nil {
				ref := e.ValueFrom.SecretKeyRef
				s.checkSecret(c.Name, ref.Name, ref.Key, ref.Optional != nil && *ref.Optional)
			}
		}
		for _, p := range []*core.Probe{c.StartupProbe, c.LivenessProbe, c.ReadinessProbe} {
			s.checkProbe(c, p)
		}
	}
	for _, v := range t.Spec.Volumes {
		used := slices.ContainsFunc(t.Spec.Containers, func(c core.Container) bool {
			return slices.ContainsFunc(c.VolumeMounts, func(m core.VolumeMount) bool { return m.Name == v.Name })
		})
		if !used {
			s.problem("the volume %s is used by no container", v.Name)
		}
		s.checkVolume(v)
	}
}

// checkProbe checks that a probe asks a port of its container.
func (s *stack) checkProbe(c core.Container, p *core.Probe) {
	if p == nil {
		return
	}
	var port intstr.IntOrString
	switch {
	case p.HTTPGet != nil:
		port = p.HTTPGet.Port
	case p.TCPSocket != nil:
		port = p.TCPSocket.Port
	}
	if !hasPort(c, port.StrVal) {
		s.problem("%s: a probe asks the port %s, which the container does not have", c.Name, port.String())
	}
}

// hasPort reports whether a container has a port of that name.
func hasPort(c core.Container, name string) bool {
	return slices.ContainsFunc(c.Ports, func(p core.ContainerPort) bool { return p.Name == name })
}

// claims returns the names of the volumes that StatefulSets claim.
func (s *stack) claims() (names []string) {
	for _, d := range s.documents {
		if o, ok := d.object.(*apps.StatefulSet); ok {
			for _, c := range o.Spec.VolumeClaimTemplates {
				names = append(names, c.Name)
			}
		}
	}
	return names
}

// checkVolume checks what a volume is made of.
func (s *stack) checkVolume(v core.Volume) {
	switch {
	case v.Secret != nil && len(v.Secret.Items) == 0:
		s.checkSecret("the volume "+v.Name, v.Secret.SecretName, "", false)
	case v.Secret != nil:
		for _, i := range v.Secret.Items {
			s.checkSecret("the volume "+v.Name, v.Secret.SecretName, i.Key, false)
		}
	case v.ConfigMap != nil:
		if s.configMap(v.ConfigMap.Name) == nil {
			s.problem("there is no ConfigMap %s", v.ConfigMap.Name)
		}
	case v.PersistentVolumeClaim != nil:
		if !slices.ContainsFunc(s.documents, func(d document) bool {
			c, ok := d.object.(*core.PersistentVolumeClaim)
			return ok && c.Name == v.PersistentVolumeClaim.ClaimName
		}) {
			s.problem("there is no claim %s", v.PersistentVolumeClaim.ClaimName)
		}
	}
}

// configMap returns the content of a ConfigMap, nil for none.
func (s *stack) configMap(name string) map[string]string {
	for _, d := range s.documents {
		if c, ok := d.object.(*core.ConfigMap); ok && c.Name == name {
			return c.Data
		}
	}
	return nil
}

// checkSecret checks that secrets.sh makes a key of a Secret; key is "" for any.
func (s *stack) checkSecret(who, name, key string, isOptional bool) {
	values, exists := s.secrets[name]
	if _, hasKey := values[key]; !exists || key != "" && !hasKey && !isOptional {
		s.problem("%s: secrets.sh makes no %s of the Secret %s", who, key, name)
	}
}

// checkService checks a Service's name and where its ports lead.
func (s *stack) checkService(o *core.Service) {
	for _, says := range validation.IsDNS1035Label(o.Name) {
		s.problem("Service %s: %s", o.Name, says)
	}
	for _, pods := range s.findPods("Service "+o.Name, meta.SetAsLabelSelector(o.Spec.Selector)) {
		for _, port := range o.Spec.Ports {
			if !slices.ContainsFunc(pods.Spec.Containers, func(c core.Container) bool { return hasPort(c, port.TargetPort.StrVal) }) {
				s.problem("Service %s leads to the port %s, which no container has", o.Name, port.TargetPort.String())
			}
		}
	}
}

// service returns a Service by its name, nil for none.
func (s *stack) service(name string) *core.Service {
	for _, d := range s.documents {
		if o, ok := d.object.(*core.Service); ok && o.Name == name {
			return o
		}
	}
	return nil
}

// checkBackend checks that a Service exists and has a port; the zero port is any.
func (s *stack) checkBackend(who, name string, port intstr.IntOrString) {
	o := s.service(name)
	if o == nil {
		s.problem("%s: there is no Service %s", who, name)
		return
	}
	if port != (intstr.IntOrString{}) && !slices.ContainsFunc(o.Spec.Ports, func(p core.ServicePort) bool {
		return p.Name == port.StrVal || p.Port == port.IntVal
	}) {
		s.problem("%s: the Service %s has no port %s", who, name, port.String())
	}
}

// checkScaling checks an autoscaler.
func (s *stack) checkScaling(o *autoscaling.HorizontalPodAutoscaler) {
	target := o.Spec.ScaleTargetRef
	if !slices.ContainsFunc(s.documents, func(d document) bool {
		w, ok := d.object.(*apps.Deployment)
		return ok && target.Kind == "Deployment" && w.Name == target.Name && w.Spec.Replicas == nil
	}) {
		s.problem("%s %s is none whose number of pods it may set", target.Kind, target.Name)
	}
	if *o.Spec.MinReplicas >= o.Spec.MaxReplicas {
		s.problem("there is nothing to scale between %d and %d", *o.Spec.MinReplicas, o.Spec.MaxReplicas)
	}
}

// checkNetworkPolicy checks that the pods of a policy exist, and that its ports are ports of pods.
func (s *stack) checkNetworkPolicy(o *networking.NetworkPolicy) {
	for _, pods := range s.findPods("NetworkPolicy "+o.Name, &o.Spec.PodSelector) {
		for _, rule := range o.Spec.Ingress {
			for _, p := range rule.Ports {
				if !hasNumber(pods, p.Port.IntVal) {
					s.problem("NetworkPolicy %s opens the port %s, which the pods do not have", o.Name, p.Port.String())
				}
			}
		}
	}
	for _, rule := range o.Spec.Egress {
		for _, peer := range rule.To {
			if peer.PodSelector == nil {
				continue
			}
			for _, pods := range s.findPods("NetworkPolicy "+o.Name, peer.PodSelector) {
				if !hasNumber(pods, rule.Ports[0].Port.IntVal) {
					s.problem("NetworkPolicy %s leads to a port that the pods do not have", o.Name)
				}
			}
		}
	}
}

// hasNumber reports whether pods have a port.
func hasNumber(pods *core.PodTemplateSpec, port int32) bool {
	return slices.ContainsFunc(pods.Spec.Containers, func(c core.Container) bool {
		return slices.ContainsFunc(c.Ports, func(p core.ContainerPort) bool { return p.ContainerPort == port })
	})
}

// checkMonitor checks that a ServiceMonitor finds a Service, its port and the key.
func (s *stack) checkMonitor(o *monitoring.ServiceMonitor) {
	match, err := meta.LabelSelectorAsSelector(&o.Spec.Selector)
	if err != nil {
		s.problem("ServiceMonitor: %v", err)
		return
	}
	for _, e := range o.Spec.Endpoints {
		if !slices.ContainsFunc(s.documents, func(d document) bool {
			service, ok := d.object.(*core.Service)
			return ok && match.Matches(labels.Set(service.Labels)) &&
				slices.ContainsFunc(service.Spec.Ports, func(p core.ServicePort) bool { return p.Name == e.Port })
		}) {
			s.problem("ServiceMonitor finds no Service with a port %s", e.Port)
		}
		if a := e.Authorization; a != nil {
			s.checkSecret("ServiceMonitor", a.Credentials.Name, a.Credentials.Key, false)
		}
	}
}

// checkGrace checks that a router is killed only after it has lingered and drained.
func checkGrace(t *core.PodTemplateSpec) error {
	var needed time.Duration
	for _, flag := range []string{"linger", "drain"} {
		d, err := time.ParseDuration(flagOf(t.Spec.Containers[0].Args, flag))
		if err != nil {
			return err
		}
		needed += d
	}
	if grace := time.Duration(*t.Spec.TerminationGracePeriodSeconds) * time.Second; grace <= needed {
		return fmt.Errorf("a router is killed after %s, and lingers and drains for %s", grace, needed)
	}
	return nil
}

// flagOf returns the value of a flag among arguments.
func flagOf(args []string, name string) string {
	for _, a := range args {
		if rest, found := cutFlag(a, name); found {
			return rest
		}
	}
	return ""
}

// cutFlag returns what stands behind -name= in an argument.
func cutFlag(arg, name string) (string, bool) {
	if head := "-" + name + "="; len(arg) > len(head) && arg[:len(head)] == head {
		return arg[len(head):], true
	}
	return "", false
}
