package vertex

import (
	"cmp"
	"context"
	"errors"
	"io/fs"
	"path/filepath"

	"cloud.google.com/go/compute/metadata"
	"golang.org/x/oauth2/google"

	"github.com/flowgate-go/flowgate/internal/router/renewal"
	"github.com/flowgate-go/flowgate/internal/safefile"
)

// defaultVariable names the environment's variable with the path of the default credentials.
const defaultVariable = "GOOGLE_APPLICATION_CREDENTIALS"

// findDefault returns the application default credentials: of the file that the environment names, of
// gcloud, or of the machine. The library's own search would send the proof of a file anywhere.
func findDefault(ctx context.Context, getenv func(string) string) (*google.Credentials, error) {
	if path := getenv(defaultVariable); path != "" {
		text, err := safefile.Read(path, maxCredentials)
		if err != nil {
			return nil, &renewal.Error{Text: "the file that " + defaultVariable + " names cannot be read: correct it, or type " +
				"gcloud auth application-default login", Err: err}
		}
		return parse(ctx, defaultVariable, text)
	}
	folder := cmp.Or(getenv("CLOUDSDK_CONFIG"), filepath.Join(getenv("HOME"), ".config", "gcloud"))
	text, err := safefile.Read(filepath.Join(folder, "application_default_credentials.json"), maxCredentials)
	switch {
	case err == nil:
		return parse(ctx, "gcloud's application default credentials", text)
	case !errors.Is(err, fs.ErrNotExist):
		return nil, &renewal.Error{Text: "gcloud's application default credentials cannot be read", Err: err}
	case !metadata.OnGCE():
		return nil, &renewal.Error{Text: "there are no Google credentials: set vertex_credentials in the entry, or type " +
			"gcloud auth application-default login"}
	}
	return &google.Credentials{TokenSource: google.ComputeTokenSource("", scope)}, nil
}
