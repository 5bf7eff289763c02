package client_test

import (
	"crypto/sha256"
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/anthropics/anthropic-sdk-go"
	anthropicoption "github.com/anthropics/anthropic-sdk-go/option"
	"github.com/openai/openai-go/v3"
	openaioption "github.com/openai/openai-go/v3/option"
	"github.com/samber/lo"

	"github.com/flowgate-go/flowgate/internal/clientkey"
	"github.com/flowgate-go/flowgate/internal/router"
	"github.com/flowgate-go/flowgate/internal/router/keylimit"
	"github.com/flowgate-go/flowgate/internal/router/settings"
	"github.com/flowgate-go/flowgate/internal/usage/record"
)

// limited is a router with a named key that has limits.
type limited struct {
	target
	*keylimit.Limiter
	asked atomic.Int64           // how many requests have come
	onAsk atomic.Pointer[func()] // is called after each answer
}

// newLimited starts one.
func newLimited(t *testing.T, limits clientkey.Limits) *limited {
	t.Helper()
	u := newUpstream(t)
	loaded, err := settings.Load(u.settings(t), environment)
	if err != nil {
		t.Fatal(err)
	}
	store := clientkey.Store{Folder: t.TempDir()}
	issued, err := store.Create(t.Context(), "sdk", limits)
	if err != nil {
		t.Fatal(err)
	}
	l := &limited{Limiter: keylimit.Open(store.Folder, keylimit.Options{})}
	handler, err := router.New(loaded, router.Options{Keys: l.Limiter})
	if err != nil {
		t.Fatal(err)
	}
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		handler.ServeHTTP(w, r)
		l.asked.Add(1)
		if onAsk := l.onAsk.Swap(nil); onAsk != nil {
			(*onAsk)()
		}
	}))
	t.Cleanup(func() {
		srv.Close()
		if err := handler.Close(); err != nil {
			t.Error(err)
		}
		if err := l.Close(); err != nil {
			t.Error(err)
		}
	})
	l.target = target{kind: embedded, url: srv.URL, key: issued.Key, upstream: u}
	return l
}

// ask asks with the official client of a dialect, which retries as often as its users get it.
func (l *limited) ask(t *testing.T, dialect string) error {
	if dialect == "messages" {
		client := anthropic.NewClient(anthropicoption.WithoutEnvironmentDefaults(), anthropicoption.WithBaseURL(l.url),
			anthropicoption.WithAuthToken(l.key))
		_, err := client.Messages.New(t.Context(), messageRequest("router-default", "hi"))
		return err
	}
	client := openai.NewClient(openaioption.WithBaseURL(l.url+"/v1"), openaioption.WithAPIKey(l.key))
	_, err := client.Chat.Completions.New(t.Context(), chatRequest("router-default", "hi"))
	return err
}

func TestOfficialClientsDoNotRepeatWhatABudgetRefuses(t *testing.T) {
	t.Parallel()
	for _, dialect := range []string{"chat", "messages"} {
		l := newLimited(t, clientkey.Limits{MaxBudget: lo.ToPtr(1.0), BudgetDuration: "30d"})
		l.Count(&record.Request{Client: "sdk", Attempts: 1, Status: 200, Cost: 2, CostKnown: true})
		err := l.ask(t, dialect)
		if err == nil {
			t.Fatalf("%s: the budget allows more than it has", dialect)
		}
		text := err.Error()
		if e := (*openai.Error)(nil); errors.As(err, &e) { // it prints the status only
			text += e.RawJSON()
		}
		for _, want := range []string{"429", "budget_exceeded", "It is renewed at"} {
			if !strings.Contains(text, want) {
				t.Errorf("%s: no %q in %s", dialect, want, text)
			}
		}
		if n := l.asked.Load(); n != 1 {
			t.Errorf("%s: the client asked %d times", dialect, n)
		}
	}
}

func TestOfficialClientsWaitUntilAnotherRequestOfTheKeyHasEnded(t *testing.T) {
	t.Parallel()
	for _, dialect := range []string{"chat", "messages"} {
		l := newLimited(t, clientkey.Limits{MaxParallel: lo.ToPtr[int64](1)})
		holder := l.Find(sha256.Sum256([]byte(l.key)))
		if refusal := holder.Begin(time.Now(), http.Header{}); refusal != nil {
			t.Fatalf("%+v", refusal)
		}
		end := holder.End
		l.onAsk.Store(&end) // when the client has been refused once
		began := time.Now()
		if err := l.ask(t, dialect); err != nil {
			t.Errorf("%s: %v", dialect, err)
		}
		if n, took := l.asked.Load(), time.Since(began); n != 2 || took < time.Second {
			t.Errorf("%s: the client asked %d times in %s, retry-after was 1", dialect, n, took)
		}
	}
}
