package deploy_test

import (
	"fmt"
	"strings"

	apps "k8s.io/api/apps/v1"
	core "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/pod-security-admission/api"
	"k8s.io/pod-security-admission/policy"
)

// templateOf returns the pods of an object, nil for an object without any.
func templateOf(object runtime.Object) *core.PodTemplateSpec {
	switch o := object.(type) {
	case *apps.Deployment:
		return &o.Spec.Template
	case *apps.StatefulSet:
		return &o.Spec.Template
	}
	return nil
}

// checkSecurity has the evaluator of Kubernetes' own admission judge the pods of an object by the Pod Security Standard
// "restricted", as the label of the namespace says.
func checkSecurity(object runtime.Object) error {
	template := templateOf(object)
	if template == nil {
		return nil
	}
	evaluator, err := policy.NewEvaluator(policy.DefaultChecks())
	if err != nil {
		return err
	}
	level := api.LevelVersion{Level: api.LevelRestricted, Version: api.LatestVersion()}
	result := policy.AggregateCheckResults(evaluator.EvaluatePod(level, &template.ObjectMeta, &template.Spec))
	if !result.Allowed {
		return fmt.Errorf("restricted: %s", result.ForbiddenDetail())
	}
	return checkClosed(template)
}

// checkClosed checks what "restricted" leaves open and the documentation promises.
func checkClosed(template *core.PodTemplateSpec) error {
	var open []string
	add := func(isClosed bool, what string) {
		if !isClosed {
			open = append(open, what)
		}
	}
	spec := template.Spec
	add(spec.AutomountServiceAccountToken != nil && !*spec.AutomountServiceAccountToken, "the token of a service account")
	add(spec.EnableServiceLinks != nil && !*spec.EnableServiceLinks, "variables of Services")
	for _, c := range spec.Containers {
		s := c.SecurityContext
		add(s != nil && s.ReadOnlyRootFilesystem != nil && *s.ReadOnlyRootFilesystem, "a root folder that can be written")
		add(!c.Resources.Limits.Memory().IsZero(), "no limit of memory")
		add(!c.Resources.Limits.Cpu().IsZero(), "no limit of processors")
		add(c.LivenessProbe != nil && c.ReadinessProbe != nil, "no probes")
	}
	if len(open) > 0 {
		return fmt.Errorf("open: %s", strings.Join(open, ", "))
	}
	return nil
}
