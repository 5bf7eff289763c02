package client

import (
	"net/url"
	"slices"
	"strings"
	"time"

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

	LastSeen *time.Time `json:"last_seen"` // its newest request to the router; null: none is known
}

// Where a client points.
const (
	PointsRouter    = "router"    // at this router
	PointsElsewhere = "elsewhere" // at another address
	PointsNowhere   = "nowhere"   // no address is in force in its file, so it uses its maker's
	PointsUnknown   = "unknown"   // it has no suitable file, or the file cannot be read
)

// List returns all clients with where they point, and when they were last among sightings. It
// starts none of them.
func List(t Target, sightings []Sighting, getenv func(string) string) ([]Status, error) {
	clients, err := All()
	if err != nil {
		return nil, err
	}
	all := make([]Status, len(clients))
	for i, c := range clients {
		all[i] = c.Status(t, getenv)
		all[i].LastSeen = c.lastSeen(sightings)
	}
	return all, nil
}

// Status returns where the client points.
func (c Client) Status(t Target, getenv func(string) string) Status {
	s := Status{Name: c.Name, Title: c.Title, Dialect: c.Dialect, Points: PointsNowhere, Program: c.lookProgram()}
	if s.Program != "" {
		s.Found, s.Version = true, c.version(s.Program)
	}
	if len(c.Files) == 0 {
		s.Points = PointsUnknown
		s.Reason = "it has no file that FlowGate writes"
		return s
	}
	s.File = c.Files[0].Path(getenv)
	file, err := readFile(s.File, getenv)
	if err != nil {
		s.Points, s.Reason = PointsUnknown, err.Error()
		return s
	}
	s.Found = s.Found || file.exists && c.Sibling == "" // siblings share a file
	_, s.SetUp, _ = readJournal(c.Name, file.path, getenv)
	s.setAddress(c.Files[0], t, file)
	return s
}

// setAddress sets Points, Address and Reason by the client's file.
func (s *Status) setAddress(f File, t Target, file content) {
	address, err := f.address(file.text)
	if err != nil {
		s.Points, s.Reason = PointsUnknown, file.path+": "+err.Error()
		return
	}
	if address == "" {
		return
	}
	s.Points, s.Address = PointsElsewhere, withoutUser(address)
	if t.isAt(address) {
		s.Points = PointsRouter
	}
}

// isAt reports whether an address is the router's.
func (t Target) isAt(address string) bool {
	return t.Root != "" && strings.TrimSuffix(strings.TrimSuffix(address, "/"), "/v1") == t.Root
}

// address returns the address in force in a text of the file; "" when there is none.
func (f File) address(text []byte) (string, error) {
	if f.Active != nil {
		active, found, err := f.Active.lookup(f.Format, text)
		if err != nil || !found || active != f.Active.Value {
			return "", err
		}
	}
	value, err := f.lookupPoints(text)
	address, _ := value.(string)
	return address, err
}

// lookupPoints returns the value at Points, which may lead through an element of a list; nil
// when there is none.
func (f File) lookupPoints(text []byte) (any, error) {
	for _, v := range f.Set {
		n := len(v.Path)
		if v.Element == "" || len(f.Points) != n+2 || !slices.Equal(f.Points[:n], v.Path) {
			continue
		}
		table, _, err := edit.LookupElement(f.Format, text, edit.Element{List: v.Path, Key: v.Element, Name: f.Points[n]})
		return table[f.Points[n+1]], err
	}
	value, _, err := edit.Lookup(f.Format, text, f.Points)
	return value, err
}

// pointsAt reports whether the client's file has the router's address.
func (c Client) pointsAt(t Target, getenv func(string) string) bool {
	if len(c.Files) == 0 {
		return false
	}
	file, err := readFile(c.Files[0].Path(getenv), getenv)
	if err != nil {
		return false
	}
	value, err := c.Files[0].lookupPoints(file.text)
	address, _ := value.(string)
	return err == nil && t.isAt(address)
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
			{Text: c.Name, Tone: terminal.Strong}, points, {Text: showTime(c.LastSeen)}, {Text: c.Version}, {Text: c.Dialect},
			{Text: terminal.Join(" ", c.File, c.Reason)},
		})
	}
	p.Field("router", s.Router)
	p.Table(0, []string{"CLIENT", "POINTS AT", "LAST SEEN", "VERSION", "SENDS", "FILE"}, rows)
	if len(others) > 0 {
		p.Line(0, terminal.Span{Text: "not found here: " + terminal.Join(", ", others...)})
	}
}

// showTime returns a time for people, in their time zone; "" for none.
func showTime(t *time.Time) string {
	if t == nil {
		return ""
	}
	return t.Local().Format(time.DateTime)
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
