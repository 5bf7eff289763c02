package clientkey

import (
	"cmp"
	"context"
	"slices"
	"time"
)

// State is what a key may be used for now.
type State string

// The states of a key.
const (
	Active    State = "active"
	Revoked   State = "revoked"
	Expired   State = "expired"
	Exhausted State = "budget_exceeded"
)

// Listed is a key and what it has used. It has no secret.
type Listed struct {
	Key
	State State `json:"state"`
	Spend
}

// Listing is the data of key:list.
type Listing struct {
	Keys []Listed `json:"keys"` // by name
}

// List returns the keys by name. Faults: those of Read and ReadSpend.
func (s Store) List(_ context.Context) (Listing, error) {
	keys, err := Read(s.Folder)
	if err != nil {
		return Listing{}, err
	}
	spends, err := ReadSpend(s.Folder)
	if err != nil {
		return Listing{}, err
	}
	listing := Listing{Keys: []Listed{}}
	now := s.now()
	for _, k := range keys {
		spend := spends[k.TokenID]
		spend.Renew(k.Limits, now)
		listing.Keys = append(listing.Keys, Listed{k, stateOf(k, spend, now), spend})
	}
	slices.SortFunc(listing.Keys, func(a, b Listed) int { return cmp.Compare(a.Alias, b.Alias) })
	return listing, nil
}

// stateOf returns what a key may be used for at a time.
func stateOf(k Key, s Spend, now time.Time) State {
	switch {
	case k.Blocked:
		return Revoked
	case k.HasExpired(now):
		return Expired
	case k.MaxBudget != nil && s.Spend >= *k.MaxBudget:
		return Exhausted
	}
	return Active
}
