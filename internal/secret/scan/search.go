package scan

import (
	"slices"

	"github.com/flowgate-go/flowgate/internal/secret/decode"
	"github.com/flowgate-go/flowgate/internal/secret/textfile"
)

// search does what scan does, and also searches text in UTF-16 or UTF-32 within other
// text.
func (w *Worker) search(f Fragment, rules scope) []Finding {
	found := w.scan(f, rules)
	if isEmpty(f.Text) {
		return found
	}
	if text, ok := textfile.DropZeroBytes(f.Text); ok {
		f.Text = text
		found = append(found, w.scan(f, rules)...)
	}
	return found
}

// isEmpty reports whether a text consists of zero bytes, as in the holes of a sparse
// file, which may be gigabytes.
func isEmpty(text string) bool {
	return text != "" && text[0] == 0 && text[1:] == text[:len(text)-1]
}

// SearchNames searches a text that is not a file: names of files, branches and people,
// messages of commits. It leaves out generic rules, which take any unusual word for a
// secret.
func (w *Worker) SearchNames(f Fragment) []Finding { return w.search(f, specific) }

// searchName searches the name of a file for known secrets. Their line is 0.
func (w *Worker) searchName(path string) []Finding {
	if !w.s.hasKnown {
		return nil
	}
	found := w.scan(Fragment{Text: path}, knownOnly)
	for i := range found {
		found[i].File, found[i].Line, found[i].EndLine, found[i].Column, found[i].EndColumn = path, 0, 0, 0, 0
		found[i] = found[i].withFingerprint()
	}
	return found
}

// maskFiles replaces the known secrets in the names of files, which reports show.
func (s *Scanner) maskFiles(found []Finding) {
	if !s.hasKnown {
		return
	}
	seen := map[string]string{}
	for i, n := range found {
		name, ok := seen[n.File]
		if !ok {
			name = s.Mask(n.File)
			seen[n.File] = name
		}
		if name != n.File {
			found[i].File = name
			found[i] = found[i].withFingerprint()
		}
	}
}

// Mask returns text with the known secrets in it replaced.
func (s *Scanner) Mask(text string) string {
	for pattern, i := range s.content {
		if s.rules.Rules[i].Known {
			text = s.set.Regexp(pattern).ReplaceAllString(text, "(secret)")
		}
	}
	return text
}

// dropDuplicates removes findings that are equal in all that is reported. Of one known
// secret it keeps one finding per line.
func dropDuplicates(found []Finding) []Finding {
	seen := make(map[Finding]bool, len(found))
	return slices.DeleteFunc(found, func(n Finding) bool {
		n.secret, n.byteColumn, n.at = "", 0, decode.Extent{}
		if n.Rule == "known-secret" {
			n.Column, n.EndLine, n.EndColumn, n.Preview = 0, 0, 0, ""
		}
		again := seen[n]
		seen[n] = true
		return again
	})
}
