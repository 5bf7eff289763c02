package tasks

import (
	"path/filepath"

	"github.com/flowgate-go/flowgate/internal/config"
	"github.com/flowgate-go/flowgate/internal/fault"
	"github.com/flowgate-go/flowgate/internal/program"
	"github.com/flowgate-go/flowgate/internal/report"
	"github.com/flowgate-go/flowgate/internal/scaffold"
)

// reportInstallation records in the report which installation, at place, the command is for. It also says
// so on stderr when that is the built-in default, and on a terminal when the configuration was
// found in a folder above the working folder.
func (s session) reportInstallation(cfg *config.Config, place config.Place) {
	s.report.Installation = &report.Installation{
		Config: cfg.File, Folder: filepath.Dir(cfg.Paths.Root()), Source: sourceOf(place, s.isNamed()),
	}
	switch {
	case cfg.File == "":
		s.writeLines(program.Text("there is no config/flowgate.yaml in this folder or above it (mage init writes one): "+
			"the built-in default is in force, with its state in ") + filepath.Join(place.Dir, ".router"))
		if lines := foreignLines(); len(lines) > 0 {
			s.writeLines(lines...)
		}
	case place.Above:
		s.writeIfLive("using " + place.File)
	}
}

// foreignLines returns a line for each configuration of another router in the working folder.
func foreignLines() []string {
	var lines []string
	for _, f := range scaffold.FindForeign(".", "") {
		lines = append(lines, f.Path+" is "+f.Format.Title()+": "+
			program.Command("init -from="+program.Quote(f.Path))+" takes it over")
	}
	return lines
}

// isNamed reports whether the user named the configuration.
func (i invocation) isNamed() bool {
	return i.line.Common["config"] != "" || i.getenv("FLOWGATE_CONFIG") != ""
}

// sourceOf returns how an installation was found, as report.Installation.Source has it.
func sourceOf(place config.Place, named bool) string {
	switch {
	case named:
		return "named"
	case place.Above:
		return "above"
	case place.Found:
		return "here"
	}
	return "default"
}

// missingFault returns the fault stack-missing when there is no installation here or above:
// otherwise stop would report that everything is stopped, although a stack runs elsewhere.
func (s session) missingFault() error {
	if sourceOf(s.place(), s.isNamed()) != "default" {
		return nil
	}
	return fault.Usage("stack-missing", "there is no stack here: neither config/flowgate.yaml nor .router is in this "+
		"folder or in one above it that is yours").
		WithHint("go to the folder of the stack, or name its configuration: mage stop -config=PATH")
}
