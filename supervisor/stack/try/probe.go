package try

import (
	"context"
	"embed"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/goccy/go-yaml"
	"github.com/itchyny/gojq"

	"github.com/flowgate-go/flowgate/checks"
	"github.com/flowgate-go/flowgate/internal/fault"
	"github.com/flowgate-go/flowgate/internal/loopback"
)

// probes holds one file of probes for each runtime.
//
//go:embed probes
var probes embed.FS

// probeRequest is one probe: the request, and what the reply must have.
type probeRequest struct {
	ID         string         `yaml:"id"`
	Include    string         `yaml:"include"` // all requests of another runtime, in this one's place
	Method     string         `yaml:"method"`  // default GET
	Path       string         `yaml:"path"`
	Key        bool           `yaml:"key"`        // with the key that clients send
	WrongKey   bool           `yaml:"wrong_key"`  // with an invalid key
	Management bool           `yaml:"management"` // with CLIProxyAPI's management key
	Body       map[string]any `yaml:"body"`
	Status     []int          `yaml:"status"`
	Fields     []string       `yaml:"fields"`   // jq over the body
	Headers    []string       `yaml:"headers"`  // present
	Contains   []string       `yaml:"contains"` // in the body
}

// loadProbes returns the probes of a runtime. Fault: runtime-unknown.
func loadProbes(runtime string) ([]probeRequest, error) {
	data, err := probes.ReadFile("probes/" + runtime + ".yaml")
	if err != nil {
		return nil, fault.Usage("runtime-unknown", "there are no probes of a runtime %q", runtime).WithHint(
			"known: cliproxyapi, embedded, litellm",
		)
	}
	var list []probeRequest
	if err := yaml.UnmarshalWithOptions(data, &list, yaml.DisallowUnknownField()); err != nil {
		return nil, fmt.Errorf("probes of %s: %w", runtime, err)
	}
	if len(list) == 1 && list[0].Include != "" {
		return loadProbes(list[0].Include)
	}
	return list, nil
}

// endpoint is the address of the runtime that is tried, and its keys.
type endpoint struct {
	url, key, management string
}

// maxReply bounds what a probe reads.
const maxReply = 4 << 20

// check returns the probe as a check.
func (r probeRequest) check(e endpoint, needs []string) checks.Check {
	return checks.Check{
		ID:      r.ID,
		Title:   r.title(),
		Family:  "probe",
		Needs:   needs,
		Timeout: 60 * time.Second,
		Run: func(ctx context.Context) checks.Outcome {
			if err := r.send(ctx, e); err != nil {
				return checks.Failed("%v", err)
			}
			return checks.Passed(nil)
		},
	}
}

// title returns the method and the path of the request.
func (r probeRequest) title() string {
	method := r.Method
	if method == "" {
		method = http.MethodGet
	}
	return method + " " + r.Path
}

// send sends the request and returns an error unless the reply is as it must be.
func (r probeRequest) send(ctx context.Context, e endpoint) error {
	var body io.Reader
	if r.Body != nil {
		data, err := json.Marshal(r.Body)
		if err != nil {
			return err
		}
		body = strings.NewReader(string(data))
	}
	method, _, _ := strings.Cut(r.title(), " ")
	req, err := http.NewRequestWithContext(ctx, method, e.url+r.Path, body)
	if err != nil {
		return err
	}
	req.Header.Set("Content-Type", "application/json")
	switch {
	case r.Key:
		req.Header.Set("Authorization", "Bearer "+e.key)
	case r.WrongKey:
		req.Header.Set("Authorization", "Bearer sk-flowgate-probe-wrong")
	case r.Management:
		req.Header.Set("Authorization", "Bearer "+e.management)
	}
	res, err := loopback.New(loopback.Options{MaxReply: maxReply}).Do(req)
	if err != nil {
		return err
	}
	defer res.Body.Close()
	data, err := io.ReadAll(io.LimitReader(res.Body, 16<<20))
	if err != nil {
		return fmt.Errorf("read the answer: %w", err)
	}
	return r.checkReply(res, data)
}

// checkReply returns an error that says what a reply lacks.
func (r probeRequest) checkReply(res *http.Response, data []byte) error {
	if !slices.Contains(r.Status, res.StatusCode) {
		return fmt.Errorf("answered %d, not %s: %.200s", res.StatusCode, strings.Trim(fmt.Sprint(r.Status), "[]"), data)
	}
	var missing []string
	for _, name := range r.Headers {
		if res.Header.Get(name) == "" {
			missing = append(missing, "header "+name)
		}
	}
	for _, text := range r.Contains {
		if !strings.Contains(string(data), text) {
			missing = append(missing, "text "+text)
		}
	}
	if len(r.Fields) > 0 {
		fields, err := listMissingFields(data, r.Fields)
		if err != nil {
			return err
		}
		missing = append(missing, fields...)
	}
	if len(missing) > 0 {
		return fmt.Errorf("the answer has no %s", strings.Join(missing, ", no "))
	}
	return nil
}

// listMissingFields returns the jq expressions that find nothing in a JSON document.
func listMissingFields(data []byte, fields []string) ([]string, error) {
	var doc any
	if err := json.Unmarshal(data, &doc); err != nil {
		return nil, errors.New("the answer is not JSON")
	}
	var missing []string
	for _, field := range fields {
		query, err := gojq.Parse(field)
		if err != nil {
			return nil, fmt.Errorf("field %s: %w", field, err)
		}
		value, ok := query.Run(doc).Next()
		if _, failed := value.(error); !ok || failed || value == nil || value == false {
			missing = append(missing, "field "+field)
		}
	}
	return missing, nil
}
