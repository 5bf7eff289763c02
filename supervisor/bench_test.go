package supervisor_test

import (
	"context"
	"net"
	"net/http"
	"testing"

	"github.com/flowgate-go/flowgate/supervisor"
	"github.com/flowgate-go/flowgate/supervisor/supervisortest"
)

func unixClient(socket string) *http.Client {
	return &http.Client{Transport: &http.Transport{
		DisableKeepAlives: true,
		DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
			return new(net.Dialer).DialContext(ctx, "unix", socket)
		},
	}}
}

func BenchmarkQuery(b *testing.B) {
	s := supervisortest.NewStack(b, supervisortest.Trivial(b, "a"), supervisortest.Trivial(b, "b"))
	s.MustStart()
	for b.Loop() {
		if status, err := supervisor.Query(b.Context(), s.Config); err != nil || !status.Services[1].Ready {
			b.Fatal(status, err)
		}
	}
}

// BenchmarkStartToReady is a start of one trivial service by a supervisor that
// runs already: fork, exec, its first answer, and the check whose port it is.
func BenchmarkStartToReady(b *testing.B) {
	s := supervisortest.NewStack(b, supervisortest.Trivial(b, "stays"), supervisortest.Trivial(b, "a"))
	s.MustStart("stays")
	for b.Loop() {
		if _, err := s.Start("a"); err != nil {
			b.Fatal(err)
		}
		b.StopTimer()
		if _, err := supervisor.Stop(b.Context(), s.Config, []string{"a"}); err != nil {
			b.Fatal(err)
		}
		b.StartTimer()
	}
}

// BenchmarkUpAndDown is start and stop of a stack of two, supervisor included.
func BenchmarkUpAndDown(b *testing.B) {
	s := supervisortest.NewStack(b, supervisortest.Trivial(b, "a"), supervisortest.Trivial(b, "b"))
	for b.Loop() {
		s.MustStart()
		if _, err := supervisor.Stop(b.Context(), s.Config, nil); err != nil {
			b.Fatal(err)
		}
	}
}
