package patch

// Kind is the kind of an Addition.
type Kind int

// Kinds of what a commit, or the index, adds.
const (
	AddedLines  Kind = iota // Text is one run of added lines
	Hunk                    // Text is added lines and unchanged ones around them; NewLines says which are added
	ChangedFile             // Blob is the new content of a changed file; NewLines says which of its lines are added
	// Blob is the new content of a file that git does not compare by lines; OldBlobs the one before.
	Opaque
	Renamed // the file at From is at Path now; Blob is its content, which may have changed
	Message // Text is the names of author and committer, then the message of a commit
)

// Addition is something that a commit, or the index, adds.
type Addition struct {
	Kind     Kind
	Commit   string // full hash; empty for the index
	Date     string // author date, RFC 3339, UTC
	Path     string
	From     string
	Line     int // of the first line of Text in the new file
	Text     string
	NewLines []LineRange
	Blob     string
	OldBlobs []string
}

// LineRange is a range of lines of a file, counted from 1, Last included.
type LineRange struct{ First, Last int }

// Counts holds what a patch says besides added lines.
type Counts struct {
	Commits int
	Renames map[string][]string // new paths by old path
}
