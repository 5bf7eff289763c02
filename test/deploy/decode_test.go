package deploy_test

import (
	"fmt"

	monitoring "github.com/prometheus-operator/prometheus-operator/pkg/apis/monitoring/v1"
	apps "k8s.io/api/apps/v1"
	autoscaling "k8s.io/api/autoscaling/v2"
	core "k8s.io/api/core/v1"
	networking "k8s.io/api/networking/v1"
	policy "k8s.io/api/policy/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/serializer"
	gateway "sigs.k8s.io/gateway-api/apis/v1"
	"sigs.k8s.io/kubectl-validate/pkg/utils"
)

// newDecoder returns a decoder of every kind that is rendered. An unknown field, a field that stands twice and an
// unknown kind are errors.
func newDecoder() (runtime.Decoder, error) {
	scheme := runtime.NewScheme()
	for _, add := range []func(*runtime.Scheme) error{core.AddToScheme, apps.AddToScheme, autoscaling.AddToScheme,
		networking.AddToScheme, policy.AddToScheme, gateway.Install, monitoring.AddToScheme} {
		if err := add(scheme); err != nil {
			return nil, err
		}
	}
	return serializer.NewCodecFactory(scheme, serializer.EnableStrict).UniversalDeserializer(), nil
}

// document is one object of a manifest.
type document struct {
	text   []byte
	object runtime.Object
}

// decode decodes the documents of a manifest strictly into Kubernetes' own types.
func decode(text []byte) (all []document, err error) {
	decoder, err := newDecoder()
	if err != nil {
		return nil, err
	}
	parts, err := utils.SplitYamlDocuments(text)
	if err != nil {
		return nil, err
	}
	for _, part := range parts {
		if utils.IsEmptyYamlDocument(part) {
			continue
		}
		object, kind, err := decoder.Decode(part, nil, nil)
		if err != nil {
			return nil, fmt.Errorf("%v: %w", kind, err)
		}
		all = append(all, document{part, object})
	}
	return all, nil
}
