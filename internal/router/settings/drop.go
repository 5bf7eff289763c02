package settings

import (
	"strings"

	"github.com/flowgate-go/flowgate/internal/router/settings/document"
)

// readDropping reads which members of requests a deployment does not get, and whether a
// parameter that its dialect does not have is an error.
func readDropping(d *Deployment, params document.Section) {
	if params.Has("drop_params") {
		d.RefuseUnknownParams = new(!params.Flag("drop_params"))
	}
	for i, name := range params.Texts("additional_drop_params", "the name of a parameter") {
		switch {
		case strings.ContainsAny(name, ".[]*$"):
			params.File().Warn("setting-without-effect", append(params.At("additional_drop_params"), i),
				"%s is a path into a parameter; the embedded router drops whole parameters only", name)
		case name != "model" && name != "stream":
			d.Dropped = append(d.Dropped, name)
		}
	}
}
