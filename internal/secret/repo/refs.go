package repo

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/flowgate-go/flowgate/internal/safefile"
)

// Ref is a branch, a tag or another name, with the content that only it leads to.
type Ref struct {
	Name    string // refs/heads/main
	Message string // tagger and message of an annotated tag; else empty
	Blob    string // the blob that it names; empty for a tree and for a commit, which the log has
	Tree    string // the tree that it names; else empty
}

// refFormat prints four fields with a byte 0 after each: the name of a ref, its object, the
// object that it tags, and the tagger and message of an annotated tag.
const refFormat = "%(refname)%00%(objecttype) %(objectname)%00%(type) %(object)%00" +
	"%(if:equals=tag)%(objecttype)%(then)%(taggername) %(taggeremail)\n\n%(contents)%(end)%00"

// Refs returns all refs of the repository.
func (r *Repo) Refs(ctx context.Context) (all []Ref, err error) {
	out, err := r.Git(ctx, nil, "for-each-ref", "--format="+refFormat)
	if err != nil {
		return nil, err
	}
	fields := strings.Split(string(out), "\x00")
	for ; len(fields) > 4; fields = fields[4:] {
		ref := Ref{Name: strings.TrimPrefix(fields[0], "\n"), Message: fields[3]}
		for _, object := range fields[1:3] {
			kind, hash, _ := strings.Cut(object, " ")
			switch kind {
			case "blob":
				ref.Blob = hash
			case "tree":
				ref.Tree = hash
			}
		}
		if inner, isTag := strings.CutPrefix(fields[2], "tag "); isTag {
			if err := r.followTag(ctx, inner, &ref); err != nil {
				return nil, err
			}
		}
		all = append(all, ref)
	}
	return all, nil
}

// maxTagDepth bounds how many tags of tags are followed.
const maxTagDepth = 1000

// followTag adds to ref the message of a tag that it tags, and the blob or tree at the
// end of the chain.
func (r *Repo) followTag(ctx context.Context, hash string, ref *Ref) error {
	for range maxTagDepth {
		out, err := r.Git(ctx, nil, "cat-file", "tag", hash)
		if err != nil {
			return err
		}
		head, message, _ := strings.Cut(string(out), "\n\n")
		kind := ""
		for line := range strings.Lines(head) {
			name, value, _ := strings.Cut(strings.TrimSuffix(line, "\n"), " ")
			switch name {
			case "object":
				hash = value
			case "type":
				kind = value
			case "tagger":
				ref.Message += value + "\n"
			}
		}
		ref.Message += "\n" + message
		switch kind {
		case "tag":
			continue
		case "blob":
			ref.Blob = hash
		case "tree":
			ref.Tree = hash
		}
		return nil
	}
	return fmt.Errorf("%s: a tag of more than %d tags", ref.Name, maxTagDepth)
}

// treeBlobs returns the blobs in a tree, by path.
func (r *Repo) treeBlobs(ctx context.Context, tree string) (map[string]string, error) {
	out, err := r.Git(ctx, nil, "ls-tree", "-r", "-z", tree)
	if err != nil {
		return nil, err
	}
	blobs := map[string]string{}
	for _, line := range bytes.Split(out, []byte{0}) {
		head, path, ok := strings.Cut(string(line), "\t")
		if words := strings.Fields(head); ok && len(words) == 3 && words[1] == "blob" {
			blobs[path] = words[2]
		}
	}
	return blobs, nil
}

// RefContents returns the blobs that only the ref leads to, by path.
func (r *Repo) RefContents(ctx context.Context, ref Ref) (map[string]string, error) {
	if ref.Blob != "" {
		return map[string]string{ref.Name: ref.Blob}, nil
	}
	if ref.Tree == "" {
		return nil, nil
	}
	return r.treeBlobs(ctx, ref.Tree)
}

// maxSettingsBytes bounds a file of git settings.
const maxSettingsBytes = 1 << 20

// ReadSettings returns the texts of the repository's own settings files, by path.
func (r *Repo) ReadSettings(ctx context.Context) (map[string]string, error) {
	out, err := r.Git(ctx, nil, "rev-parse", "--git-common-dir")
	if err != nil {
		return nil, err
	}
	texts := map[string]string{}
	files := [...]string{filepath.Join(r.makeAbsolute(out), "config"), filepath.Join(r.Dir, "config.worktree")}
	for _, path := range files {
		text, err := safefile.Read(path, maxSettingsBytes)
		if errors.Is(err, os.ErrNotExist) {
			continue
		}
		if err != nil {
			return texts, err
		}
		texts[path] = string(text)
	}
	return texts, nil
}

// CountSubmodules counts the submodules in the index.
func (r *Repo) CountSubmodules(ctx context.Context) (n int, err error) {
	out, err := r.Git(ctx, nil, "ls-files", "-z", "--stage")
	for line := range bytes.SplitSeq(out, []byte{0}) {
		if bytes.HasPrefix(line, []byte("160000 ")) {
			n++
		}
	}
	return n, err
}
