package price

import (
	"bytes"
	"compress/gzip"
	_ "embed"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
)

// schema is the name of the form in which tables are kept: a line of JSON with Info, then a
// line a model; all compressed with gzip.
const schema = "flowgate.prices/v1"

// builtin is the table that came with this program.
//
//go:embed prices.gz
var builtin []byte

// Builtin returns the table that came with this program.
func Builtin() (*Table, error) { return unpack(builtin) }

// maxTable is the longest table in bytes.
const maxTable = 64 << 20

// errTooLong is the error for a table that is longer than maxTable.
var errTooLong = errors.New("the table is longer than 64 MiB")

// Read reads a table as Write wrote it. Its error says which line is wrong.
func Read(r io.Reader) (*Table, error) {
	packed, err := readAll(r)
	if err != nil {
		return nil, err
	}
	return unpack(packed)
}

// readAll reads a table without unpacking it.
func readAll(r io.Reader) ([]byte, error) {
	packed, err := io.ReadAll(io.LimitReader(r, maxTable+1))
	switch {
	case err != nil:
		return nil, fmt.Errorf("read the table of prices: %w", err)
	case len(packed) > maxTable:
		return nil, errTooLong
	}
	return packed, nil
}

// maxRatio is how much longer a table is taken to be than its packed form because that says so. The
// built-in one is twenty times as long.
const maxRatio = 64

// unpack returns the table of its packed form.
func unpack(packed []byte) (*Table, error) {
	z, err := gzip.NewReader(bytes.NewReader(packed))
	if err != nil {
		return nil, fmt.Errorf("read the table of prices: %w", err)
	}
	size := int(binary.LittleEndian.Uint32(packed[len(packed)-4:])) // gzip ends with the length of the text (RFC 1952)
	text := bytes.NewBuffer(make([]byte, 0, min(size, maxTable, maxRatio*len(packed))+bytes.MinRead))
	if _, err := text.ReadFrom(io.LimitReader(z, maxTable+1)); err != nil {
		return nil, fmt.Errorf("read the table of prices: %w", err)
	}
	all := text.Bytes()
	if len(all) > maxTable {
		return nil, errTooLong
	}
	head, lines, _ := bytes.Cut(all, []byte{'\n'})
	t := &Table{lines: lines}
	if json.Unmarshal(head, &t.Info) != nil || t.Info.Schema != schema {
		return nil, fmt.Errorf("the table of prices does not begin with %s", schema)
	}
	return t, t.check()
}

// check returns an error when the lines are not sorted, or not of the form that look needs.
func (t *Table) check() error {
	last, n := "", 1
	for line := range bytes.Lines(t.lines) {
		n++
		key, object, ok := bytes.Cut(line, []byte{'\t'})
		if !ok || string(key) <= last || !bytes.HasPrefix(object, []byte("{")) || !bytes.HasSuffix(object, []byte("}\n")) {
			return fmt.Errorf("line %d of the table of prices is not a model after %q", n, last)
		}
		last = string(key)
	}
	return nil
}

// Write writes the table to w.
func (t *Table) Write(w io.Writer) error {
	z, err := gzip.NewWriterLevel(w, gzip.BestCompression)
	if err != nil {
		return err
	}
	head, err := json.Marshal(t.Info)
	if err != nil {
		return err
	}
	for _, part := range [][]byte{head, {'\n'}, t.lines} {
		if _, err := z.Write(part); err != nil {
			return fmt.Errorf("write the table of prices: %w", err)
		}
	}
	return z.Close()
}

// Convert makes a table from LiteLLM's model_prices_and_context_window.json. source and date
// (RFC 3339, or empty) are kept in its Info.
func Convert(document []byte, source, date string) (*Table, error) {
	var all map[string]map[string]json.RawMessage
	if err := json.Unmarshal(document, &all); err != nil {
		return nil, fmt.Errorf("LiteLLM's table of prices is one JSON object with an object for each model: %w", err)
	}
	delete(all, "sample_spec") // it explains the members
	t := &Table{Info: Info{Schema: schema, Source: source, Date: date}}
	var lines bytes.Buffer
	for _, model := range slices.Sorted(maps.Keys(all)) {
		maps.DeleteFunc(all[model], func(key string, _ json.RawMessage) bool { return !isKept(key) })
		if len(all[model]) == 0 || model == "" || strings.ContainsAny(model, "\t\n") {
			continue
		}
		object, err := json.Marshal(all[model])
		if err != nil {
			return nil, err
		}
		var m Model
		if err := json.Unmarshal(object, &m); err != nil {
			return nil, fmt.Errorf("model %q: %w", model, err)
		}
		t.Info.Models++
		if m.HasPrice() {
			t.Info.Priced++
		}
		fmt.Fprintf(&lines, "%s\t%s\n", model, object)
	}
	if t.Info.Priced == 0 {
		return nil, errors.New("no model in it has input_cost_per_token or output_cost_per_token")
	}
	t.lines = lines.Bytes()
	return t, nil
}

// isKept reports whether a member of LiteLLM's table is kept.
func isKept(key string) bool {
	switch key {
	case "litellm_provider", "mode", "max_input_tokens", "max_output_tokens", "max_tokens", "deprecation_date",
		"tiered_pricing":
		return true
	}
	_, _, isRate := parseRateKey(key)
	return isRate || strings.HasPrefix(key, "supports_")
}
