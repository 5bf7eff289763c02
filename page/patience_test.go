package page_test

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"github.com/flowgate-go/flowgate/page"
)

// TestASourceThatDoesNotAnswerIsLeftAfterTenSeconds asks sources that answer when they must: the page waits no longer.
func TestASourceThatDoesNotAnswerIsLeftAfterTenSeconds(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		p := page.New(page.Sources{Now: time.Now, Program: "mage", Stack: func(ctx context.Context) (page.Stack, error) {
			<-ctx.Done()
			return page.Stack{}, ctx.Err()
		}})
		defer p.Close()
		begun := time.Now()
		p.Gather()
		if took := time.Since(begun); took != 10*time.Second {
			t.Errorf("it was left after %s", took)
		}
	})
}
