package instance_test

import (
	"errors"
	"testing"
	"time"

	"github.com/flowgate-go/flowgate/internal/probe"
	"github.com/flowgate-go/flowgate/supervisor/service/instance"
)

func TestOneUnansweredProbeIsNotSilenceHoweverLongItTook(t *testing.T) {
	t.Parallel()
	lasts := instance.IsSilenceExceeded(30*time.Second, 3)
	silent := probe.Finding{Evidence: probe.NoAnswer, Err: errors.New("timeout")}
	asked := time.Now().Add(-time.Hour) // this process was suspended meanwhile
	if lasts(silent, asked) || lasts(silent, time.Now()) {
		t.Error("fewer questions than liveness wants are enough")
	}
	if !lasts(silent, time.Now()) {
		t.Error("three questions and an hour are not")
	}
	if lasts(probe.Finding{Evidence: probe.Passed}, time.Now()) || lasts(silent, time.Now()) {
		t.Error("an answer does not end the silence")
	}
}
