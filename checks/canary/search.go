package canary

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io/fs"
	"maps"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/flowgate-go/flowgate/checks"
	"github.com/flowgate-go/flowgate/internal/safefile"
	"github.com/flowgate-go/flowgate/internal/trust"
)

// encodings returns the forms in which a secret could appear in a text, by name.
func encodings(secret string) map[string]string {
	quoted, _ := json.Marshal(secret) // never fails for a string
	all := map[string]string{
		"plain":  secret,
		"in hex": hex.EncodeToString([]byte(secret)),
		"in HEX": strings.ToUpper(hex.EncodeToString([]byte(secret))),
		"as JSON": strings.Trim(
			string(quoted),
			`"`,
		), "in a URL": url.QueryEscape(secret), "in a path": url.PathEscape(secret),
		"backwards": reverse(secret),
	}
	for shift := range 3 { // base64 encodes three bytes at a time: the secret may begin at any of them
		padded := base64.StdEncoding.EncodeToString([]byte(strings.Repeat("x", shift) + secret))
		inner := padded[(shift*8+5)/6 : len(strings.TrimRight(padded, "="))-1]
		all[fmt.Sprintf("in base64 (%d)", shift)] = inner
		all[fmt.Sprintf("in base64url (%d)", shift)] = strings.NewReplacer("+", "-", "/", "_").Replace(inner)
	}
	return all
}

// reverse returns the bytes of s in reverse order.
func reverse(s string) string {
	b := []byte(s)
	slices.Reverse(b)
	return string(b)
}

// form is a text in which a secret could appear.
type form struct {
	secret int    // index into trial.secrets
	as     string // its name in encodings
	text   []byte
}

// startBytes is how many of its first bytes a form is looked up by. No form is shorter.
const startBytes = 4

// forms are the forms of all secrets by their first bytes.
type forms struct {
	byStart map[uint32][]form
	seen    [1 << 16]bool // by the upper half of a hash of first bytes: there is such a form
}

// hashStart returns an index into forms.seen.
func hashStart(start uint32) uint16 { return uint16((start * 0x9e3779b1) >> 16) } // Knuth's multiplicative hash

// newForms returns the forms of secrets.
func newForms(secrets []secret) *forms {
	f := &forms{byStart: map[uint32][]form{}}
	for i, p := range secrets {
		for as, text := range encodings(p.value) {
			start := binary.LittleEndian.Uint32([]byte(text))
			f.seen[hashStart(start)] = true
			f.byStart[start] = append(f.byStart[start], form{i, as, []byte(text)})
		}
	}
	return f
}

// find returns, by the index of a secret, as what it is in b: the first of the names if
// there are several.
func (f *forms) find(b []byte) map[int]string {
	found := map[int]string{}
	for i := 0; i+startBytes <= len(b); i++ {
		start := binary.LittleEndian.Uint32(b[i:])
		if !f.seen[hashStart(start)] {
			continue
		}
		for _, c := range f.byStart[start] {
			if as, ok := found[c.secret]; bytes.HasPrefix(b[i:], c.text) && (!ok || c.as < as) {
				found[c.secret] = c.as
			}
		}
	}
	return found
}

// findTraces returns the traces of planted secrets in b. One pass looks for all forms of all
// secrets.
func (t *trial) findTraces(b []byte, place string) (found []trace) {
	as := t.forms.find(b)
	for _, i := range slices.Sorted(maps.Keys(as)) {
		found = append(found, trace{t.secrets[i].kind, place, as[i]})
	}
	return found
}

// searchOutput searches what the commands printed and what the router replied.
func (t *trial) searchOutput(context.Context) checks.Outcome {
	var found []trace
	for _, o := range t.outputs {
		for _, stream := range slices.Sorted(maps.Keys(o.streams)) {
			found = append(found, t.findTraces(o.streams[stream], stream+" of "+o.command)...)
		}
	}
	return searchOutcome(found, fmt.Sprintf("%d commands", len(t.outputs)))
}

// searchFiles searches everything that the trial left in its folder, except
// the files that secrets were planted in and what is generated to hold them.
func (t *trial) searchFiles(context.Context) checks.Outcome {
	found := t.tracesInLog
	err := filepath.WalkDir(t.dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || !d.Type().IsRegular() || t.mayHoldSecrets(path) {
			return err
		}
		b, err := safefile.Read(path, safefile.BulkLimit)
		if err != nil {
			return err
		}
		t.summary.Files++
		rel, err := filepath.Rel(t.dir, path)
		found = append(found, t.findTraces(b, rel)...)
		return err
	})
	if err != nil {
		return checks.Failed("%v", err)
	}
	return searchOutcome(found, fmt.Sprintf("%d files", t.summary.Files))
}

// filledLog is the log that fillLog writes to: that of the router.
const filledLog = ".router/runtime/process-logs/litellm.log"

// fillLog writes every secret that the installation knows into the router's log, in
// the forms that programs write: the target logs has to hide them. It searches what
// the log held before first.
func (t *trial) fillLog() {
	path := filepath.Join(t.dir, filledLog)
	before, err := safefile.Read(path, safefile.BulkLimit)
	if err != nil {
		return // searchOutput misses the command's output then, and searchFiles finds what there is
	}
	t.tracesInLog, t.logFilled = t.findTraces(before, filledLog), true
	var lines strings.Builder
	for _, p := range t.secrets {
		if p.file != "" && !trust.IsWithin(p.file, filepath.Join(t.dir, ".router")) &&
			!trust.IsWithin(p.file, filepath.Join(t.dir, "config")) ||
			p.file == "" && p.kind != "environment variable" {
			continue // the installation does not know it
		}
		for as, form := range encodings(p.value) {
			if as != "backwards" {
				fmt.Fprintf(&lines, "INFO the service says (%s) %s\n", as, form)
			}
		}
	}
	_ = os.WriteFile(path, append(before, lines.String()...), 0o600) // a failure shows as a command without lines
}

// mayHoldSecrets reports whether a file is meant to hold secrets: the files that secrets
// were planted in and their backups, the generated router configuration, the log
// that fillLog filled, git's own files, and the folders of credentials and keys, where
// sign-ins and imports put what they got.
func (t *trial) mayHoldSecrets(path string) bool {
	if filepath.Base(path) == "litellm.active.yaml" || t.logFilled && path == filepath.Join(t.dir, filledLog) {
		return true
	}
	for _, folder := range [...]string{".git", ".router/auths", ".router/secrets"} {
		if trust.IsWithin(path, filepath.Join(t.dir, folder)) {
			return true
		}
	}
	return slices.ContainsFunc(t.secrets, func(p secret) bool {
		return p.file != "" && (path == p.file || strings.HasPrefix(path, p.file+"."))
	})
}
