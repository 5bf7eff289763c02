package report

import (
	"io"
	"strings"
	"text/tabwriter"

	"github.com/flowgate-go/flowgate/internal/printable"
)

// clearScreen moves the cursor to the top left corner and erases the screen (ECMA-48).
const clearScreen = "\x1b[H\x1b[2J"

// Redraw clears the terminal on stderr and prints a table there: the header, then
// one line per row, in aligned columns. It is for tables that are drawn again and
// again; call it only when Live is set.
func (o *Output) Redraw(header []string, rows [][]string) error {
	o.mu.Lock()
	defer o.mu.Unlock()
	var table strings.Builder
	w := tabwriter.NewWriter(&table, 0, 0, 2, ' ', 0)
	for _, row := range append([][]string{header}, rows...) {
		if _, err := io.WriteString(w, strings.Join(row, "\t")+"\n"); err != nil {
			return err
		}
	}
	if err := w.Flush(); err != nil {
		return err
	}
	_, err := io.WriteString(o.Stderr, clearScreen+printable.EscapePage(table.String()))
	return err
}
