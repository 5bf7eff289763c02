package patch

import (
	"fmt"
	"strings"
)

// file is what is known of the file whose changes are being parsed.
type file struct {
	path, renamed string
	blob          string
	old           []string    // of the parents that have the file
	isNew         bool        // no parent has it
	lines         []LineRange // that are added
}

// beginFile parses "--git a/NAME b/NAME" or "--cc NAME". When the names differ, later
// lines repeat them.
func (p *parser) beginFile(words string) (err error) {
	p.file = file{}
	form, names, _ := strings.Cut(words, " ")
	if form != "--git" {
		p.file.path, err = parseName(names)
		return err
	}
	half := len(names) / 2
	if len(names)%2 == 0 || names[half] != ' ' {
		return nil
	}
	second, err := parseName(names[half+1:])
	if err != nil {
		return err
	}
	p.file.path, _ = strings.CutPrefix(second, "b/")
	return nil
}

// parseRename parses "from NAME" and "to NAME".
func (p *parser) parseRename(words string) error {
	which, name, _ := strings.Cut(words, " ")
	name, err := parseName(name)
	if err != nil {
		return err
	}
	if which == "from" {
		p.file.renamed = name
		return nil
	}
	p.file.path = name
	p.counts.Renames[p.file.renamed] = append(p.counts.Renames[p.file.renamed], name)
	if p.want.FilesOnly {
		return nil
	}
	a := p.commit // git does not print the hash of a file that is only renamed
	a.Kind, a.Path, a.From, a.Blob = Renamed, name, p.file.renamed, a.Commit+":"+name
	return p.yield(a)
}

// parseIndexLine parses "OLD..NEW MODE"; several OLD are separated by commas.
func (p *parser) parseIndexLine(words string) error {
	hashes, _, _ := strings.Cut(words, " ")
	before, after, ok := strings.Cut(hashes, "..")
	if !ok {
		return fmt.Errorf("%w: index %.80q", errPatch, words)
	}
	p.file.blob = after
	for hash := range strings.SplitSeq(before, ",") {
		if strings.Trim(hash, "0") != "" {
			p.file.old = append(p.file.old, hash)
		}
	}
	p.file.isNew = len(p.file.old) == 0
	return nil
}

// parseNewName parses the name of the new file, b/NAME, which is followed by a tab when
// it has spaces.
func (p *parser) parseNewName(name string) error {
	if name == "/dev/null" {
		return nil
	}
	name, err := parseName(strings.TrimSuffix(name, "\t"))
	if err != nil {
		return err
	}
	path, ok := strings.CutPrefix(name, "b/")
	if !ok {
		return fmt.Errorf("%w: file %.80q", errPatch, name)
	}
	p.file.path = path
	return nil
}

// yieldOpaque yields a file for which git prints only that it differs.
func (p *parser) yieldOpaque() error {
	if p.file.path == "" || p.file.blob == "" {
		return fmt.Errorf("%w: a binary file without a name", errPatch)
	}
	if strings.Trim(p.file.blob, "0") == "" || p.want.FilesOnly { // the file is removed
		return nil
	}
	a := p.commit
	a.Kind, a.Path, a.Blob, a.OldBlobs = Opaque, p.file.path, p.file.blob, p.file.old
	return p.yield(a)
}

// endFile yields what was held back until the end of a file's changes.
func (p *parser) endFile() error {
	if err := p.flush(); err != nil {
		return err
	}
	f := p.file
	p.file = file{}
	if !p.want.Files || f.isNew || len(f.lines) == 0 || f.blob == "" {
		return nil
	}
	a := p.commit
	a.Kind, a.Path, a.Blob, a.NewLines = ChangedFile, f.path, f.blob, f.lines
	return p.yield(a)
}
