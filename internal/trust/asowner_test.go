package trust_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/flowgate-go/flowgate/internal/fault"
	"github.com/flowgate-go/flowgate/internal/ownfile"
	"github.com/flowgate-go/flowgate/internal/rightstest"
	"github.com/flowgate-go/flowgate/internal/trust"
)

func TestAFolderOfAnotherUserIsAnsweredWithHowToBecomeThatUser(t *testing.T) {
	t.Parallel()
	above, err := os.MkdirTemp("/tmp", "flowgate-owner-") //nolint:usetesting // the other user has to get in
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(above) })
	if err := os.Chmod(above, 0o777|os.ModeSticky); err != nil {
		t.Fatal(err)
	}
	dir := filepath.Join(above, "theirs")
	if out, err := rightstest.Other(t, "mkdir", "-m", "777", dir).CombinedOutput(); err != nil {
		t.Fatalf("%v %s", err, out)
	}
	hint := fault.From(trust.CheckOwner(dir)).Hint
	if !strings.Contains(hint, "sudo -u nobody mage ") {
		t.Errorf("hint %q", hint)
	}
	if hint := ownfile.OwnerHint(4_000_000_001); !strings.Contains(hint, "sudo -u '#4000000001' mage ") {
		t.Errorf("a user without a name: %q", hint)
	}
}
