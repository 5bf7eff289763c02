package keylimit

import (
	"crypto/sha256"
	"fmt"
	"math"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/flowgate-go/flowgate/internal/clientkey"
	"github.com/flowgate-go/flowgate/internal/router/tally"
	"github.com/flowgate-go/flowgate/internal/usage/record"
)

// Holder is who sent a named key. It stays valid for a request that has begun when the keys change.
type Holder struct {
	key       clientkey.Key
	sum       [sha256.Size]byte
	isRotated bool // the key was replaced by a newer one
	state     *state
	limits    [len(limitHeaders)][]string // what the headers say of each limit; nil: the key does not have it
}

// Name returns the name of the key, by which reports and metrics know the client.
func (h *Holder) Name() string { return h.key.Alias }

// Token returns the SHA-256 of the key in hexadecimal digits, as LiteLLM's hashed_api_key.
func (h *Holder) Token() string { return h.key.Token }

// IsRestricted reports whether the key may ask for certain models only.
func (h *Holder) IsRestricted() bool { return len(h.key.Models) > 0 }

// CountsTokens reports whether a limit of the key counts tokens, or what they cost.
func (h *Holder) CountsTokens() bool { return h.key.TPM != nil || h.key.MaxBudget != nil }

// AllowsModel is clientkey.Limits.AllowsModel.
func (h *Holder) AllowsModel(names ...string) bool { return h.key.AllowsModel(names...) }

// window is the length of the time in which requests and tokens are counted, as in LiteLLM.
const window = time.Minute

// state is what a key has used. It outlives changes of the key.
type state struct {
	parallel atomic.Int64 // requests now
	others   atomic.Int64 // the same at other routers

	mu     sync.Mutex
	begun  time.Time   // of the window; zero: none has begun
	used   tally.Tally // the requests and tokens of the window
	limits clientkey.Limits
	spend  clientkey.Spend

	renewed struct { // when the period of spend was last computed, and for which BudgetDuration
		at       time.Time
		duration string
	}

	unshared float64 // dollars of spend.Spend that other routers do not know
	sharing  sharing
}

// BudgetExceeded is the error.type of a budget that is spent.
const BudgetExceeded = "budget_exceeded"

// Refusal is why a key may not be used now.
type Refusal struct {
	Status  int
	Type    string // LiteLLM's error.type (ProxyErrorTypes)
	Param   string
	Message string
	Header  http.Header // may be nil
}

// CheckValid returns why the key is not valid; nil when it is. Only who has the key itself gets here.
func (h *Holder) CheckValid(now time.Time) *Refusal {
	k := &h.key
	if !h.isRotated && !k.Blocked && !k.HasExpired(now) {
		return nil
	}
	refusal := &Refusal{Status: http.StatusUnauthorized, Type: "auth_error", Param: "None"}
	switch {
	case h.isRotated:
		refusal.Message = "Authentication Error, this key was replaced by a newer one: ask the owner of the router for it"
	case k.Blocked:
		refusal.Message = "Authentication Error, this key was revoked: ask the owner of the router for another one"
	default:
		refusal.Type, refusal.Param = "expired_key", k.KeyName
		refusal.Message = fmt.Sprintf("Authentication Error - Expired Key. Key Expiry time %s and current time %s",
			k.Expires.UTC().Format(time.RFC3339), now.UTC().Format(time.RFC3339))
	}
	return refusal
}

// CheckRoute returns why the key may not ask for a path; nil when it may. ownersOnly says that only
// keys which name the path may.
func (h *Holder) CheckRoute(path string, ownersOnly bool) *Refusal {
	allowed := h.key.AllowedRoutes
	if slices.Contains(allowed, path) || len(allowed) == 0 && !ownersOnly {
		return nil
	}
	only := "Only allowed to call routes: [" + strings.Join(allowed, ", ") + "]" // LiteLLM's words
	if len(allowed) == 0 {
		only = "It shows other clients' requests: use the gateway key, or a key that names the route"
	}
	return &Refusal{Status: http.StatusForbidden, Type: "auth_error", Param: "None", Message: fmt.Sprintf(
		"Virtual key is not allowed to call this route. %s. Tried to call route: %s", only, path)}
}

// CheckModels returns why the key may not ask for a model, which has several names, or for one of the
// fallbacks that the client chose; nil when it may.
func (h *Holder) CheckModels(names, fallbacks []string) *Refusal {
	denied := ""
	if !h.AllowsModel(names...) {
		denied = names[0]
	}
	for i, f := range fallbacks {
		if denied == "" && !h.AllowsModel(fallbacks[i:i+1]...) {
			denied = f
		}
	}
	if denied == "" {
		return nil
	}
	return &Refusal{Status: http.StatusForbidden, Type: "key_model_access_denied", Param: "model",
		Message: fmt.Sprintf("The requested model '%s' is not available for this API key, or the model name is invalid. "+
			"Check the models available to you and try again.", denied)}
}

// Begin counts a request that begins now, unless a limit is reached: then it returns why. After nil, End
// must be called. header gets what remains.
func (h *Holder) Begin(now time.Time, header http.Header) *Refusal {
	checked, refusal := h.state.begin(&h.key, now)
	if refusal != nil {
		return refusal
	}
	h.describe(header, &checked)
	h.state.sharing.parallelChanged()
	return nil
}

// begin is Holder.Begin without the headers, which need no lock. It returns the limits with this request counted.
func (s *state) begin(k *clientkey.Key, now time.Time) (checked [len(limitHeaders)]limit, refusal *Refusal) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.renew(&k.Limits, now)
	if k.MaxBudget != nil && s.spend.Spend >= *k.MaxBudget {
		return checked, s.refuseBudget(k, now)
	}
	s.startWindow(now)
	checked = s.checked(&k.Limits)
	for i := range checked {
		if l := &checked[i]; l.limit != nil && l.used >= *l.limit {
			return checked, s.refuseLimit(k, l, now)
		}
	}
	isFirst := s.used.Add(1, 0)
	s.parallel.Add(1)
	if isFirst {
		s.sharing.windowChanged()
	}
	checked[0].used++ // this request itself
	checked[1].used++
	return checked, nil
}

// End counts the end of a request that Begin allowed.
func (h *Holder) End() {
	h.state.parallel.Add(-1)
	h.state.sharing.parallelChanged()
}

// limitHeaders are LiteLLM's headers about each kind of limit, as net/http writes names: every reply has them.
var limitHeaders = [...]struct{ limit, remaining string }{
	{"X-Ratelimit-Api_key-Limit-Max_parallel_requests", "X-Ratelimit-Api_key-Remaining-Max_parallel_requests"},
	{"X-Ratelimit-Api_key-Limit-Requests", "X-Ratelimit-Api_key-Remaining-Requests"},
	{"X-Ratelimit-Api_key-Limit-Tokens", "X-Ratelimit-Api_key-Remaining-Tokens"},
}

// limit is one limit and how much of it is used.
type limit struct {
	kind  int    // index of limitHeaders
	name  string // LiteLLM's rate_limit_type
	limit *int64 // nil: none
	used  int64
}

// checked returns the limits of a key in the order in which they are checked. The caller holds mu.
func (s *state) checked(l *clientkey.Limits) [len(limitHeaders)]limit {
	return [...]limit{{0, "max_parallel_requests", l.MaxParallel, s.parallel.Load() + s.others.Load()},
		{1, "requests", l.RPM, s.requests()}, {2, "tokens", l.TPM, s.tokens()}}
}

// requests returns the requests of the window. The caller holds mu.
func (s *state) requests() int64 { return int64(s.used.Sums[0]) }

// tokens returns the tokens of the window. The caller holds mu.
func (s *state) tokens() int64 { return int64(s.used.Sums[1]) }

// remaining returns what is left of the limit.
func (l *limit) remaining() int64 { return max(0, *l.limit-l.used) }

// describe sets LiteLLM's headers about the limits of the key. The numbers that remain are parts of one text, so
// that a reply allocates two objects here for all of them.
func (h *Holder) describe(header http.Header, limits *[len(limitHeaders)]limit) {
	var buf [len(limitHeaders) * 20]byte
	var ends [len(limitHeaders)]int
	text := buf[:0]
	for i := range limits {
		if limits[i].limit != nil {
			text = strconv.AppendInt(text, limits[i].remaining(), 10)
		}
		ends[i] = len(text)
	}
	if len(text) == 0 {
		return
	}
	all, values, begin := string(text), make([]string, len(limits)), 0
	for i, end := range ends {
		if h.limits[i] != nil {
			values[i] = all[begin:end]
			header[limitHeaders[i].limit], header[limitHeaders[i].remaining] = h.limits[i], values[i:i+1:i+1]
		}
		begin = end
	}
}

// describeLimits returns what the headers say of each limit, for all replies: nobody changes it.
func describeLimits(l *clientkey.Limits) (values [len(limitHeaders)][]string) {
	for i, limit := range [...]*int64{l.MaxParallel, l.RPM, l.TPM} {
		if limit != nil {
			values[i] = []string{strconv.FormatInt(*limit, 10)}
		}
	}
	return values
}

// refuseLimit returns the refusal of a limit that is reached. The caller holds mu.
func (s *state) refuseLimit(k *clientkey.Key, l *limit, now time.Time) *Refusal {
	wait := s.begun.Add(window).Sub(now)
	if l.name == "max_parallel_requests" { // nobody knows when one of the others ends
		wait = time.Second
	}
	seconds := int(math.Ceil(wait.Seconds())) // from 1: the window has not ended
	header := http.Header{"Retry-After": {strconv.Itoa(seconds)}}
	header[limitHeaders[l.kind].limit] = []string{strconv.FormatInt(*l.limit, 10)}
	header[limitHeaders[l.kind].remaining] = []string{strconv.FormatInt(l.remaining(), 10)}
	if l.name != "max_parallel_requests" { // the names that OpenAI's clients know
		header.Set("X-Ratelimit-Limit-"+l.name, strconv.FormatInt(*l.limit, 10))
		header.Set("X-Ratelimit-Remaining-"+l.name, strconv.FormatInt(l.remaining(), 10))
		header.Set("X-Ratelimit-Reset-"+l.name, strconv.Itoa(seconds)+"s")
	}
	return &Refusal{Status: http.StatusTooManyRequests, Type: "throttling_error", Header: header, Message: fmt.Sprintf(
		"Rate limit exceeded for api_key: %s. Limit type: %s. Current limit: %d, Remaining: %d. Limit resets at: %s",
		k.Alias, l.name, *l.limit, l.remaining(), now.Add(wait).UTC().Format("2006-01-02 15:04:05 UTC"))}
}

// refuseBudget returns the refusal of a budget that is spent. A client must not send the request again
// by itself: the answer will be the same until the budget is renewed. The caller holds mu.
func (s *state) refuseBudget(k *clientkey.Key, now time.Time) *Refusal {
	header := http.Header{"X-Should-Retry": {"false"}}
	message := fmt.Sprintf("Budget has been exceeded! Key=%s Current cost: %s, Max budget: %s", k.Alias,
		formatDollars(s.spend.Spend), formatDollars(*k.MaxBudget))
	if reset := s.spend.ResetAt; reset.IsZero() {
		message += ". It is not renewed"
	} else {
		header.Set("Retry-After", strconv.Itoa(int(math.Ceil(reset.Sub(now).Seconds()))))
		message += ". It is renewed at " + reset.UTC().Format(time.RFC3339)
	}
	return &Refusal{Status: http.StatusTooManyRequests, Type: BudgetExceeded, Header: header, Message: message}
}

// formatDollars returns an amount with as many digits as it has.
func formatDollars(amount float64) string { return strconv.FormatFloat(amount, 'f', -1, 64) }

// count adds what a request has used at its end.
func (s *state) count(l *clientkey.Limits, now time.Time, r *record.Request) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.startWindow(now)
	tokens := max(0, r.Tokens.Input) + max(0, r.Tokens.Output)
	if s.used.Add(0, float64(tokens)) {
		s.sharing.windowChanged()
	}
	s.renew(l, now)
	s.spend.LastUsed = now
	s.spend.Requests++
	s.spend.Tokens += int64(tokens)
	switch {
	case !r.CostKnown && !r.IsFailure():
		s.spend.Unpriced++
	case r.Cost > 0 && !math.IsInf(r.Cost, 0):
		s.spend.Spend += r.Cost
		s.unshared += r.Cost
		s.sharing.spendChanged()
	}
}

// usage returns what a key uses at a time.
func (s *state) usage(k *clientkey.Key, now time.Time) Usage {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.startWindow(now)
	s.renew(&k.Limits, now)
	return Usage{*k, s.requests(), s.tokens(), s.seconds()}
}

// startWindow begins a new window when the old one is over, or the clock went back. The caller holds mu.
func (s *state) startWindow(now time.Time) {
	if age := now.Sub(s.begun); age < 0 || age >= window {
		s.begun = now
		s.used.Start(0)
	}
}

// copySpend returns what was spent.
func (s *state) copySpend() clientkey.Spend {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.seconds()
}

// seconds returns what was spent, with the time of the last use in whole seconds. The caller holds mu.
func (s *state) seconds() clientkey.Spend {
	spend := s.spend
	spend.LastUsed = spend.LastUsed.UTC().Truncate(time.Second)
	return spend
}
