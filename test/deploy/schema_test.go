package deploy_test

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"

	"k8s.io/client-go/openapi"
	"sigs.k8s.io/kubectl-validate/pkg/openapiclient"
	"sigs.k8s.io/kubectl-validate/pkg/validator"
)

// kubernetesVersion is the Kubernetes whose schemas are asked; kubectl-validate has them itself.
const kubernetesVersion = "1.30"

// operatorGroup is the API of the Prometheus operator, whose module has its types and no schema of them.
const operatorGroup = "monitoring.coreos.com"

// newValidator returns kubectl-validate with the schemas of Kubernetes itself and of the Gateway API. It is made once,
// since it reads megabytes of schemas.
var newValidator = sync.OnceValues(func() (*validator.Validator, error) {
	gatewaySchemas, err := moduleFolder("sigs.k8s.io/gateway-api")
	if err != nil {
		return nil, err
	}
	native := openapiclient.NewOverlay(openapiclient.HardcodedPatchLoader(kubernetesVersion),
		openapiclient.NewHardcodedBuiltins(kubernetesVersion))
	crds := openapiclient.NewLocalCRDFiles(os.DirFS(filepath.Join(gatewaySchemas, "config", "crd", "standard")))
	return validator.New(openapiclient.NewComposite([]openapi.Client{crds, native}...))
})

// validatorLock is held by who asks the validator, which keeps what it has read.
var validatorLock sync.Mutex

// moduleFolder returns the folder of a module that go.mod names.
func moduleFolder(module string) (string, error) {
	out, err := exec.Command("go", "list", "-m", "-f", "{{.Dir}}", module).Output()
	if folder := strings.TrimSpace(string(out)); err == nil && folder != "" {
		return folder, nil
	}
	return "", errors.Join(fmt.Errorf("the folder of the module %s is unknown", module), err)
}

// validate has kubectl-validate judge a document.
func validate(d document) error {
	v, err := newValidator()
	if err != nil {
		return err
	}
	validatorLock.Lock()
	defer validatorLock.Unlock()
	gvk, object, err := v.Parse(d.text)
	if gvk.Group == operatorGroup {
		return nil
	}
	if err != nil {
		return fmt.Errorf("%s: %w", gvk.Kind, err)
	}
	return v.Validate(object)
}
