package settings

import (
	"slices"
	"strings"

	"github.com/flowgate-go/flowgate/internal/router/provider"
	"github.com/flowgate-go/flowgate/internal/router/settings/document"
)

// readDropping reads which members of requests a deployment does not get: those that the
// entry names, and those that its provider refuses. It also reads whether a parameter that
// the dialect does not have is an error.
func readDropping(d *Deployment, row provider.Provider, params document.Section) {
	d.Dropped, d.Refused = slices.Clone(row.Refuses), row.Refuses
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
