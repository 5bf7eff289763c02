package image

import (
	"github.com/flowgate-go/flowgate/internal/terminal"
)

// Print implements report.Printed: what was written, and how it is used.
func (i Image) Print(p *terminal.Printer) {
	p.Field("image", terminal.Join(", ", i.Reference, i.Platform))
	p.Field("digest", i.Digest)
	p.Field("layout", i.Layout)
	p.Field("archive", i.Archive)
	p.Command(2, "docker load -i "+i.Archive)
}
