package quota

import (
	"cmp"
	"slices"
	"sync"
	"time"
)

// Seen is the newest state of a window, and how fast it is used up.
type Seen struct {
	Deployment string    `json:"deployment"` // model_info.id of the one whose reply named it last
	Account    string    `json:"account"`    // auth_index of CLIProxyAPI's credential; empty: not named
	ObservedAt time.Time `json:"observed_at"`
	Window
	SharePerHour *float64   `json:"share_per_hour"` // the pace at which the window is used; null: not known yet
	RunsOutAt    *time.Time `json:"runs_out_at"`    // when it is used up at that pace; null: not before it is reset
}

// maxSeen bounds how many windows are kept. A router has a handful of accounts with four
// windows each; an upstream that makes new names up must not fill the memory.
const maxSeen = 256

// Newest holds the newest windows of each account, and of each deployment whose replies
// name no account. The zero value is ready for use, by several goroutines.
type Newest struct {
	mu   sync.Mutex
	seen map[key]*track
}

// key names a window. Replies that name an account are one account's whatever deployment
// they came through.
type key struct{ deployment, account, provider, name string }

// track is the newest state of a window and the readings that its pace is measured by.
type track struct {
	newest   Seen
	readings []reading // of the same window, the oldest first, readingInterval apart
}

// Keep keeps the windows of a reply that came at the moment now.
func (n *Newest) Keep(deployment, account string, windows []Window, now time.Time) {
	if len(windows) == 0 {
		return
	}
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.seen == nil {
		n.seen = map[key]*track{}
	}
	for _, w := range windows {
		k := key{deployment, account, w.Provider, w.Name}
		if account != "" {
			k.deployment = ""
		}
		t := n.seen[k]
		if t == nil {
			if len(n.seen) >= maxSeen {
				continue
			}
			t = &track{}
			n.seen[k] = t
		}
		t.add(Seen{Deployment: deployment, Account: account, ObservedAt: now.UTC(), Window: w})
	}
}

// List returns the newest windows with their pace, by provider, account and length. Those
// that were reset since are left out: what is used of the next window is not known then.
func (n *Newest) List(now time.Time) []Seen {
	n.mu.Lock()
	defer n.mu.Unlock()
	all := make([]Seen, 0, len(n.seen))
	for _, t := range n.seen {
		if !t.newest.HasEnded(now) {
			all = append(all, t.measured())
		}
	}
	Sort(all)
	return all
}

// Sort sorts windows by provider, account, deployment and length.
func Sort(all []Seen) {
	slices.SortFunc(all, func(a, b Seen) int {
		return cmp.Or(cmp.Compare(a.Provider, b.Provider), cmp.Compare(a.Account, b.Account),
			cmp.Compare(a.Deployment, b.Deployment), cmp.Compare(a.LengthS, b.LengthS), cmp.Compare(a.Name, b.Name))
	})
}
