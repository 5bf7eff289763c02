package translate_test

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"

	"github.com/flowgate-go/flowgate/internal/router/translate"
)

// unknown is a member that no dialect has.
const unknown = "zz_unknown"

func TestEveryUnknownMemberThatIsDroppedIsNamed(t *testing.T) {
	t.Parallel()
	for _, from := range clients {
		var doc any
		if err := json.Unmarshal([]byte(fullRequest[from]), &doc); err != nil {
			t.Fatal(err)
		}
		visitObjects(doc, "", func(path string, object map[string]any) {
			object[unknown] = 1
			defer delete(object, unknown)
			body, err := json.Marshal(doc)
			if err != nil {
				t.Fatal(err)
			}
			for _, to := range upstreams {
				if from == to {
					continue
				}
				out, call, err := translate.Request(from, to, body, options)
				if err != nil {
					t.Errorf("%s→%s: %v", from, to, err)
					continue
				}
				isNamed := slices.ContainsFunc(call.Dropped(), func(name string) bool {
					return strings.HasSuffix(name, unknown) || name == strings.TrimPrefix(strings.ReplaceAll(path, "[]", ""), ".")
				})
				if !isNamed && !strings.Contains(string(out), unknown) {
					t.Errorf("%s→%s: a member of %s vanishes; dropped are %q", from, to, path, call.Dropped())
				}
			}
		})
	}
}

// visitObjects calls visit for each object of a document.
func visitObjects(v any, path string, visit func(path string, object map[string]any)) {
	switch v := v.(type) {
	case map[string]any:
		for key, value := range v {
			visitObjects(value, path+"."+key, visit)
		}
		visit(path, v)
	case []any:
		for _, value := range v {
			visitObjects(value, path+"[]", visit)
		}
	}
}
