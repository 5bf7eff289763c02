package client

import (
	"encoding/json"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"

	"github.com/flowgate-go/flowgate/internal/client/edit"
	"github.com/flowgate-go/flowgate/internal/terminal"
)

// Status is where a client points, and what of it was found on this machine.
type Status struct {
	Name    string `json:"name"`
	Title   string `json:"title"`
	Dialect string `json:"dialect"`
	Found   bool   `json:"found"`   // its program or its file exists
	Program string `json:"program"` // path of the program; "" when it is not on PATH
	Version string `json:"version"` // "" when its package does not say
	File    string `json:"file"`    // its settings; "" where no file is suitable
	Points  string `json:"points"`  // router, elsewhere, nowhere or unknown
	Address string `json:"address"` // the address in its file, without user and password; "" for none
	SetUp   bool   `json:"set_up"`  // Setup wrote into its file and Restore has not taken it back
	Reason  string `json:"reason"`  // why Points is unknown
}

// Where a client points.
const (
	PointsRouter    = "router"    // at this router
	PointsElsewhere = "elsewhere" // at another address
	PointsNowhere   = "nowhere"   // no address is in force in its file, so it uses its maker's
	PointsUnknown   = "unknown"   // it has no suitable file, or the file cannot be read
)

// List returns all clients with where they point. It starts none of them.
func List(t Target, getenv func(string) string) ([]Status, error) {
	clients, err := All()
	if err != nil {
		return nil, err
	}
	all := make([]Status, len(clients))
	for i, c := range clients {
		all[i] = statusOf(c, t, getenv)
	}
	return all, nil
}

// statusOf returns the status of one client.
func statusOf(c Client, t Target, getenv func(string) string) Status {
	s := Status{Name: c.Name, Title: c.Title, Dialect: c.Dialect, Points: PointsNowhere}
	for _, name := range c.Programs {
		if path, err := exec.LookPath(name); err == nil {
			s.Program, s.Version = path, packageVersion(path, c.Package)
			break
		}
	}
	s.Found = s.Program != ""
	if c.File == nil {
		s.Points = PointsUnknown
		s.Reason = "it has no file that FlowGate writes"
		return s
	}
	s.File = c.File.Path(getenv)
	file, err := readFile(s.File, getenv)
	if err != nil {
		s.Points, s.Reason = PointsUnknown, err.Error()
		return s
	}
	s.Found = s.Found || file.exists
	_, s.SetUp, _ = readJournal(c.Name, file.path, getenv)
	s.setAddress(c, t, file)
	return s
}

// setAddress sets Points, Address and Reason by the client's file.
func (s *Status) setAddress(c Client, t Target, file content) {
	value, found, err := edit.Lookup(c.File.Format, file.text, c.Points)
	if err != nil {
		s.Points, s.Reason = PointsUnknown, file.path+": "+err.Error()
		return
	}
	address, ok := value.(string)
	if !found || !ok || address == "" {
		return
	}
	if c.Active != nil {
		if active, _, err := edit.Lookup(c.File.Format, file.text, c.Active.Path); err != nil || active != c.Active.Text {
			return
		}
	}
	s.Points, s.Address = PointsElsewhere, withoutUser(address)
	if strings.TrimSuffix(strings.TrimSuffix(address, "/"), "/v1") == t.Root {
		s.Points = PointsRouter
	}
}

// withoutUser returns an address without the user and password that it may hold.
func withoutUser(address string) string {
	u, err := url.Parse(address)
	if err != nil {
		return ""
	}
	u.User = nil
	return u.String()
}

// maxPackage bounds a package.json, in bytes.
const maxPackage = 1 << 20

// packageVersion returns the version of the npm package that a program belongs to, without
// starting it; "" when the program is not in the package with that name.
func packageVersion(program, name string) string {
	resolved, err := filepath.EvalSymlinks(program)
	if err != nil || name == "" {
		return ""
	}
	for dir := filepath.Dir(resolved); dir != filepath.Dir(dir); dir = filepath.Dir(dir) {
		if !strings.HasSuffix(filepath.ToSlash(dir), "node_modules/"+name) {
			continue
		}
		info, err := os.Stat(filepath.Join(dir, "package.json"))
		if err != nil || info.Size() > maxPackage {
			return ""
		}
		text, err := os.ReadFile(filepath.Join(dir, "package.json"))
		var doc struct {
			Version string `json:"version"`
		}
		if err != nil || json.Unmarshal(text, &doc) != nil {
			return ""
		}
		return doc.Version
	}
	return ""
}

// Statuses is the data of client:list.
type Statuses struct {
	Router  string   `json:"router"` // address that clients should point at
	Clients []Status `json:"clients"`
}

// Print implements report.Printed: one row per client that was found, then the names of
// the others.
func (s Statuses) Print(p *terminal.Printer) {
	var rows [][]terminal.Span
	var others []string
	for _, c := range s.Clients {
		if !c.Found {
			others = append(others, c.Name)
			continue
		}
		points := terminal.Span{Text: c.Points}
		switch c.Points {
		case PointsRouter:
			points = terminal.Span{Text: "this router", Tone: terminal.Good}
		case PointsElsewhere:
			points = terminal.Span{Text: c.Address, Tone: terminal.Caution}
		}
		rows = append(rows, []terminal.Span{
			{Text: c.Name, Tone: terminal.Strong}, points, {Text: c.Version}, {Text: c.Dialect},
			{Text: terminal.Join(" ", c.File, c.Reason)},
		})
	}
	p.Field("router", s.Router)
	p.Table(0, []string{"CLIENT", "POINTS AT", "VERSION", "SENDS", "FILE"}, rows)
	if len(others) > 0 {
		p.Line(0, terminal.Span{Text: "not found here: " + terminal.Join(", ", others...)})
	}
}

// Print implements report.Printed: the lines that changed in the file, what is left and why, and
// what else to do.
func (c Changed) Print(p *terminal.Printer) {
	p.Diff(c.Diff)
	switch {
	case c.File == "":
	case c.Changed:
		p.Note(terminal.Good, c.Client+": "+c.File)
	default:
		p.Note(terminal.Plain, c.Client+": nothing to change in "+c.File)
	}
	p.Notes(terminal.Caution, c.Left)
	p.Field(c.Client, c.Note)
}
