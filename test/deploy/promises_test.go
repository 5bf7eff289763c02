package deploy_test

import (
	"slices"

	apps "k8s.io/api/apps/v1"
	core "k8s.io/api/core/v1"
	networking "k8s.io/api/networking/v1"
	gateway "sigs.k8s.io/gateway-api/apis/v1"
)

// checkPromises returns what docs/deploy.md says of the manifests, Kubernetes does not ask for, and is not so.
func (s *stack) checkPromises() []string {
	s.problems = nil
	isolated := false
	for _, d := range s.documents {
		switch o := d.object.(type) {
		case *core.Namespace:
			if o.Labels["pod-security.kubernetes.io/enforce"] != "restricted" {
				s.problem("the namespace lets pods in that are not restricted")
			}
		case *networking.NetworkPolicy:
			isolated = isolated || isolatesAll(o)
			s.checkWorld(o)
		case *apps.Deployment:
			s.checkUpdate(o)
		case *networking.Ingress:
			for _, name := range []string{"proxy-buffering", "proxy-request-buffering"} {
				if o.Annotations["nginx.ingress.kubernetes.io/"+name] != "off" {
					s.problem("the Ingress keeps streams back: %s", name)
				}
			}
		case *gateway.HTTPRoute:
			for _, rule := range o.Spec.Rules {
				if t := rule.Timeouts; t == nil || t.Request == nil || *t.Request != "0s" || t.BackendRequest == nil || *t.BackendRequest != "0s" {
					s.problem("the HTTPRoute ends long streams")
				}
			}
		}
		if template := templateOf(d.object); template != nil {
			s.checkReaders(template)
		}
	}
	if !isolated {
		s.problem("no NetworkPolicy closes the namespace")
	}
	return s.problems
}

// isolatesAll reports whether a policy allows nothing to any pod.
func isolatesAll(o *networking.NetworkPolicy) bool {
	return len(o.Spec.PodSelector.MatchLabels)+len(o.Spec.PodSelector.MatchExpressions) == 0 && len(o.Spec.PolicyTypes) == 2 &&
		len(o.Spec.Ingress)+len(o.Spec.Egress) == 0
}

// checkWorld checks that a policy that opens the world leaves the addresses out where clouds have credentials of machines.
func (s *stack) checkWorld(o *networking.NetworkPolicy) {
	local := map[string]string{"0.0.0.0/0": "169.254.0.0/16", "::/0": "fe80::/10"}
	for _, rule := range o.Spec.Egress {
		for _, peer := range rule.To {
			if peer.IPBlock == nil {
				continue
			}
			if net := local[peer.IPBlock.CIDR]; net != "" && (!slices.Contains(peer.IPBlock.Except, net) || len(rule.Ports) == 0) {
				s.problem("NetworkPolicy %s opens %s", o.Name, net)
			}
		}
	}
}

// checkUpdate checks how a new version comes.
func (s *stack) checkUpdate(o *apps.Deployment) {
	switch {
	case o.Name == "cliproxyapi" && o.Spec.Strategy.Type != apps.RecreateDeploymentStrategyType:
		s.problem("two of CLIProxyAPI run at once")
	case o.Name == "router" && o.Spec.Strategy.RollingUpdate.MaxUnavailable.IntValue() != 0:
		s.problem("a router ends before the next one is ready")
	}
}

// checkReaders checks that the group of the pod, and nobody else, reads its Secrets.
func (s *stack) checkReaders(t *core.PodTemplateSpec) {
	security := t.Spec.SecurityContext
	for _, v := range t.Spec.Volumes {
		if v.Secret == nil {
			continue
		}
		if v.Secret.DefaultMode == nil || *v.Secret.DefaultMode&0o007 != 0 {
			s.problem("everybody reads the volume %s", v.Name)
		}
		if security.FSGroup == nil || security.RunAsGroup == nil || *security.FSGroup != *security.RunAsGroup {
			s.problem("the pod cannot read the volume %s", v.Name)
		}
	}
}
