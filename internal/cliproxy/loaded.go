package cliproxy

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"reflect"
	"slices"
	"time"

	"github.com/goccy/go-yaml"

	"github.com/flowgate-go/flowgate/internal/nesting"
	"github.com/flowgate-go/flowgate/internal/safefile"
)

// IsReplacedSince reports whether the file at path was made after a moment. One that is changed
// in place keeps the time of its birth; only such changes does a running CLIProxyAPI notice.
// False where the file system does not keep the time.
func IsReplacedSince(path string, moment time.Time) bool {
	born, known := creationTime(path)
	return known && born.After(moment)
}

// DigestFile returns a digest of what the configuration file at path means: comments and the
// management key, in whose place the server writes its hash, do not change it.
func DigestFile(path string) (string, error) {
	doc, err := readDocument(path)
	if err != nil {
		return "", err
	}
	if manage, ok := doc["remote-management"].(map[string]any); ok {
		delete(manage, "secret-key")
	}
	text, err := json.Marshal(doc)
	if err != nil {
		return "", fmt.Errorf("%s: %w", path, err)
	}
	sum := sha256.Sum256(text)
	return hex.EncodeToString(sum[:]), nil
}

// readDocument returns the keys of a configuration file.
func readDocument(path string) (map[string]any, error) {
	text, err := safefile.Read(path, safefile.DocumentLimit)
	if err != nil {
		return nil, err
	}
	if err := nesting.CheckLongYAML(text); err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	var doc map[string]any
	if err := yaml.Unmarshal(text, &doc); err != nil {
		return nil, fmt.Errorf("%s: %s", path, stripQuotes(err))
	}
	return doc, nil
}

// Unloaded returns the top-level keys of the configuration file at path whose values the server
// does not have. Host, port, auth-dir and the management's settings are not among them, since the
// server does not tell those. Faults: those of the management API; errors of the file.
func (c *Client) Unloaded(ctx context.Context, path string) ([]string, error) {
	var loaded map[string]any
	if err := c.call(ctx, http.MethodGet, "config", nil, nil, &loaded); err != nil {
		return nil, err
	}
	written, err := readDocument(path)
	if err != nil {
		return nil, err
	}
	text, err := json.Marshal(written) // numbers and times become what the reply has of them
	if err == nil {
		err = json.Unmarshal(text, &written)
	}
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	var keys []string
	for _, key := range slices.Sorted(maps.Keys(written)) {
		if has, told := loaded[key]; told && !contains(has, written[key]) {
			keys = append(keys, key)
		}
	}
	return keys, nil
}

// contains reports whether the loaded value has all that the written one says. The server adds
// defaults to objects, and keeps the length of lists.
func contains(loaded, written any) bool {
	switch w := written.(type) {
	case nil:
		return true
	case map[string]any:
		l, ok := loaded.(map[string]any)
		for key, value := range w {
			has, told := l[key]
			ok = ok && (!told || contains(has, value))
		}
		return ok || len(w) == 0
	case []any:
		l, ok := loaded.([]any)
		if len(w) != len(l) {
			return false
		}
		for i := range w {
			ok = ok && contains(l[i], w[i])
		}
		return ok || len(w) == 0
	}
	return reflect.DeepEqual(loaded, written)
}
