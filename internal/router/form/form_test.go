package form_test

import (
	"bytes"
	"errors"
	"io"
	"mime/multipart"
	"strings"
	"testing"

	"github.com/flowgate-go/flowgate/internal/router/form"
)

func TestABoundaryIsThatOfAForm(t *testing.T) {
	t.Parallel()
	for kind, want := range map[string]string{
		"multipart/form-data; boundary=abc": "abc", `Multipart/Form-Data; Boundary="a b:c"; charset=utf-8`: "a b:c",
		"": "", "application/json": "", "text/plain; boundary=x": "", "multipar": "",
	} {
		if got, err := form.Boundary(kind); got != want || err != nil {
			t.Errorf("%q: %q %v", kind, got, err)
		}
	}
	for _, kind := range []string{"multipart/form-data", "multipart/form-data; boundary=", "multipart/mixed; boundary=a",
		"multipart/form-data; boundary=" + strings.Repeat("a", 71), `multipart/form-data; boundary="a "`,
		"multipart/form-data; boundary"} {
		if got, err := form.Boundary(kind); err == nil {
			t.Errorf("%q: %q", kind, got)
		}
	}
}

func TestPartsAreFoundWhereTheyStand(t *testing.T) {
	t.Parallel()
	body := []byte("preamble\r\n--b\r\nContent-Disposition: form-data; name=\"model\"\r\n\r\nm\r\n" +
		"--b \t\r\ncontent-disposition: form-data; name=\"file\"; filename=\"ü.wav\"\r\nContent-Type: audio/wav\r\n\r\n" +
		"\r\n--c\r\n--\r\n\r\n--b\r\nContent-Disposition: form-data; name=\"none\"\r\n\r\n\r\n--b--\r\nepilogue")
	var got []string
	end, err := form.Parts(body, "b", func(p form.Part) {
		got = append(got, p.Name+"="+string(body[p.Start:p.End]))
		if p.IsFile != (p.Name == "file") {
			t.Errorf("%s is a file: %v", p.Name, p.IsFile)
		}
		cut := append(bytes.Clone(body[:p.Begin]), body[p.After:]...)
		if _, err := form.Parts(cut, "b", func(other form.Part) {
			if other.Name == p.Name {
				t.Errorf("%s was cut and is there", p.Name)
			}
		}); err != nil {
			t.Errorf("without %s: %v", p.Name, err)
		}
	})
	want := []string{"model=m", "file=\r\n--c\r\n--\r\n", "none="}
	if err != nil || strings.Join(got, "|") != strings.Join(want, "|") || !bytes.HasPrefix(body[end:], []byte("--b--")) {
		t.Errorf("%q, %v, %q", got, err, body[end:])
	}
}

func TestBodiesThatReadersDisagreeAboutAreErrors(t *testing.T) {
	t.Parallel()
	const head = "Content-Disposition: form-data; name=\"a\"\r\n\r\nv"
	for _, body := range []string{"", "x", "--b", "--b\r\n", "--b\r\n" + head, "--b\r\n" + head + "\r\n--b",
		"--b\n" + head + "\r\n--b--", "--bx\r\n" + head + "\r\n--b--", "--b\r\n" + head + "\r\n--bx\r\n" + head + "\r\n--b--",
		"--bxx" + head + "\r\n--b--", "--b\r\n\r\nv\r\n--b--", "--b\r\nA: form-data\r\n\r\nv\r\n--b--",
		"--b\r\nContent-Disposition: attachment; name=a\r\n\r\nv\r\n--b--",
		"--b\r\nContent-Disposition: form-data; name=a\nX: y\r\n\r\nv\r\n--b--",
		"--b\r\nContent-Disposition: form-data; name=a\r\nContent-Disposition: form-data; name=b\r\n\r\nv\r\n--b--",
		"--b\r\nX: " + strings.Repeat("a", 9<<10) + "\r\n" + head + "\r\n--b--",
		strings.Repeat("--b\r\n"+head+"\r\n", 1001) + "--b--",
	} {
		if _, err := form.Parts([]byte(body), "b", func(form.Part) {}); err == nil {
			t.Errorf("%.80q was read", body)
		}
	}
}

// FuzzPartsAreThoseOfTheStandardLibrary compares each form that Parts takes with what
// mime/multipart reads, before and after its first value was replaced and a field added.
func FuzzPartsAreThoseOfTheStandardLibrary(f *testing.F) {
	f.Add("b", "--b\r\nContent-Disposition: form-data; name=\"model\"\r\n\r\nm\r\n--b--\r\n")
	f.Add("b", "x\r\n--b \r\nContent-Disposition: form-data; name=a; filename=b\r\n\r\n\r\n--b--")
	f.Add("b", "--b\r\nContent-Disposition: form-data; name*=utf-8''a%20b\r\nX: y\r\n z\r\n\r\n\r\n--b\r\n--b--")
	f.Add("--", "----\r\nContent-Disposition: form-data; name=\"a\\\"b\"\r\n\r\n--\r\n------\r\n")
	f.Add("b", "--b\r\nContent-Disposition: form-data; name=a\r\n\r\n--b--")
	f.Fuzz(func(t *testing.T, boundary, text string) {
		if _, err := form.Boundary("multipart/form-data; boundary=\"" + boundary + "\""); err != nil {
			return
		}
		body := []byte(text)
		var values [][2]string
		var first form.Part
		end, err := form.Parts(body, boundary, func(p form.Part) {
			if len(values) == 0 {
				first = p
			}
			values = append(values, [2]string{p.Name, string(body[p.Start:p.End])})
		})
		if err != nil {
			return
		}
		comparePart(t, boundary, body, values)
		if len(values) == 0 || first.Start == first.End {
			return
		}
		changed := append(append(bytes.Clone(body[:first.Start]), "new"...), body[first.End:end]...)
		changed = form.AppendField(changed, boundary, "added", "value")
		changed = append(changed, body[end:]...)
		values[0][1] = "new"
		comparePart(t, boundary, changed, append(values, [2]string{"added", "value"}))
	})
}

// comparePart compares the names and values of a form with what the standard library reads.
func comparePart(t *testing.T, boundary string, body []byte, want [][2]string) {
	t.Helper()
	r := multipart.NewReader(bytes.NewReader(body), boundary)
	for i := 0; ; i++ {
		part, err := r.NextRawPart()
		if errors.Is(err, io.EOF) && i == len(want) {
			return
		}
		if err != nil || i == len(want) {
			t.Fatalf("part %d of %d in %q: %v", i, len(want), body, err)
		}
		value, err := io.ReadAll(part)
		if err != nil || part.FormName() != want[i][0] || string(value) != want[i][1] {
			t.Fatalf("part %d in %q is %q %q, not %q: %v", i, body, part.FormName(), value, want[i], err)
		}
	}
}
