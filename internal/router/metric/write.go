package metric

import (
	"bufio"
	"io"
	"slices"
	"strconv"
	"strings"

	"github.com/flowgate-go/flowgate/internal/clientkey"
	"github.com/flowgate-go/flowgate/internal/usage/record"
)

// ContentType is the Content-Type of what Write writes.
const ContentType = "text/plain; version=0.0.4; charset=utf-8"

// none is the value of a label that has none, as LiteLLM writes it.
const none = "None"

// Key is what metrics tell of a named key.
type Key struct {
	Alias, Token string
	clientkey.Limits
	Requests, Tokens int64 // in the current minute
	Spend            clientkey.Spend
	ResetsInHours    float64 // until the budget is renewed; 0: never
}

// Snapshot is what is asked of the router when metrics are written.
type Snapshot struct {
	Cooling map[string]bool // deployments that cool down, by id
	Keys    []Key

	Sharing *Sharing // with other routers through Redis; nil: no Redis is configured
}

// facts are the values of the labels of one series.
type facts struct {
	client, token, requested, route, class, fallback, kind string
	status                                                 int
	d                                                      *deployment // nil: none was asked
}

// value returns the value of a label.
func (f *facts) value(label string) string {
	text := ""
	switch label {
	case "hashed_api_key":
		if text = f.token; f.client == record.Gateway {
			text = "litellm_proxy_master_key" // LiteLLM's word for the owner's key
		}
	case "api_key_alias":
		text = f.client
	case "requested_model":
		text = f.requested
	case "route":
		text = f.route
	case "status_code":
		text = strconv.Itoa(f.status)
	case "exception_status":
		if f.status != 0 {
			text = strconv.Itoa(f.status)
		}
	case "exception_class", "error_class":
		text = f.class
	case "fallback_model":
		text = f.fallback
	case "rate_limit_type":
		text = f.kind
	case "reason":
		text = "missing_pricing_key"
	case "self":
		text = "self"
	case "user":
		text = "default_user_id" // of every request without a user in LiteLLM
	default:
		text = f.d.value(label)
	}
	if text == "" {
		return none
	}
	return text
}

// value returns the value of a label about the deployment.
func (d *deployment) value(label string) string {
	if d == nil {
		return ""
	}
	switch label {
	case "model", "litellm_model_name":
		return d.upstream
	case "model_group":
		return d.group
	case "model_id":
		return d.id
	case "api_provider":
		return d.provider
	case "api_base":
		return d.base
	}
	return ""
}

// join returns the labels of a series in the form of the text format, without braces.
func (f *facts) join(labels string) string {
	var b strings.Builder
	b.Grow(16*len(labels)/8 + 128)
	for label := range strings.SplitSeq(labels, " ") {
		if b.Len() > 0 {
			b.WriteByte(',')
		}
		b.WriteString(label)
		b.WriteString(`="`)
		writeEscaped(&b, f.value(label))
		b.WriteByte('"')
	}
	return b.String()
}

// writeEscaped writes the value of a label as the text format wants it.
func writeEscaped(b *strings.Builder, value string) {
	if !strings.ContainsAny(value, "\\\"\n") {
		b.WriteString(value)
		return
	}
	for i := range len(value) {
		switch c := value[i]; c {
		case '\\', '"':
			b.WriteByte('\\')
			b.WriteByte(c)
		case '\n':
			b.WriteString(`\n`)
		default:
			b.WriteByte(c)
		}
	}
}

// writer writes families.
type writer struct {
	*bufio.Writer
	registry *Registry
	tokens   map[string]string   // of named keys, by name
	bounds   [len(bounds)]string // in the text format
	number   []byte              // the last number that was written
}

// Write writes all families. Counts that change meanwhile are whole for each family.
func (r *Registry) Write(to io.Writer, s Snapshot) error {
	w := &writer{Writer: bufio.NewWriterSize(to, 32<<10), registry: r, tokens: map[string]string{}}
	for i, bound := range bounds {
		w.bounds[i] = strconv.FormatFloat(bound, 'g', -1, 64)
	}
	for _, k := range s.Keys {
		w.tokens[k.Alias] = k.Token
	}
	rows := r.copyRows()
	for i := range counters {
		w.writeCounter(&counters[i], rows)
	}
	for i := range histograms {
		w.writeHistograms(&histograms[i], rows)
	}
	w.writeEvents()
	w.writeGauges(s)
	return w.Flush()
}

// copied is a copy of one row.
type copied struct {
	rowKey
	row
}

// copyRows returns a copy of the rows.
func (r *Registry) copyRows() []copied {
	r.mu.Lock()
	defer r.mu.Unlock()
	rows := make([]copied, 0, len(r.rows.entries))
	for k, v := range r.rows.entries {
		rows = append(rows, copied{k, *v})
	}
	return rows
}

// factsOf returns the facts of a row.
func (w *writer) factsOf(k *rowKey) *facts {
	return &facts{client: k.client, token: w.tokens[k.client], requested: k.requested, route: k.route, class: k.class,
		status: k.status, d: w.registry.byID[k.deployment]}
}

// writeCounter writes a family of counters.
func (w *writer) writeCounter(f *counter, rows []copied) {
	sums := map[string]float64{}
	for i := range rows {
		if v := f.value(&rows[i].row); v != 0 {
			sums[w.factsOf(&rows[i].rowKey).join(f.labels)] += v
		}
	}
	w.writeFamily(f.name, "counter", f.help, sums)
}

// writeFamily writes a family with a number for each set of labels.
func (w *writer) writeFamily(name, kind, help string, values map[string]float64) {
	w.writeHead(name, kind, help)
	for _, labels := range sortedKeys(values) {
		w.writeSample(name, "", labels, "", values[labels])
	}
}

// writeHead writes what a family is.
func (w *writer) writeHead(name, kind, help string) {
	w.put("# HELP ", name, " ", help, "\n# TYPE ", name, " ", kind, "\n")
}

// writeSample writes one number. bound is the upper bound of a bucket; empty: it is no bucket.
func (w *writer) writeSample(name, suffix, labels, bound string, v float64) {
	w.put(name, suffix)
	switch {
	case bound != "":
		w.put("{", labels, `,le="`, bound, `"}`)
	case labels != "":
		w.put("{", labels, "}")
	}
	w.put(" ")
	w.number = strconv.AppendFloat(w.number[:0], v, 'g', -1, 64)
	_, _ = w.Write(w.number)
	w.put("\n")
}

// put writes texts; Flush tells the error.
func (w *writer) put(texts ...string) {
	for _, text := range texts {
		_, _ = w.WriteString(text)
	}
}

// writeHistograms writes a family of histograms.
func (w *writer) writeHistograms(f *histogramFamily, rows []copied) {
	sums := map[string]*histogram{}
	for i := range rows {
		h := f.of(&rows[i].row)
		if h.count() == 0 {
			continue
		}
		labels := w.factsOf(&rows[i].rowKey).join(f.labels)
		if sums[labels] == nil {
			sums[labels] = new(histogram)
		}
		sums[labels].add(h)
	}
	w.writeHead(f.name, "histogram", f.help)
	for _, labels := range sortedKeys(sums) {
		h, n := sums[labels], uint64(0)
		for i, c := range h.counts {
			n += c
			bound := "+Inf"
			if i < len(bounds) {
				bound = w.bounds[i]
			}
			w.writeSample(f.name, "_bucket", labels, bound, float64(n))
		}
		w.writeSample(f.name, "_count", labels, "", float64(n))
		w.writeSample(f.name, "_sum", labels, "", h.sum)
	}
}

// sortedKeys returns the keys of m in order.
func sortedKeys[V any](m map[string]V) []string {
	keys := make([]string, 0, len(m))
	for k := range m {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	return keys
}
