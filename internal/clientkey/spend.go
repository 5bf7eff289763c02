package clientkey

import (
	"encoding/json"
	"errors"
	"io/fs"
	"math"
	"path/filepath"
	"time"

	"github.com/flowgate-go/flowgate/internal/fault"
	"github.com/flowgate-go/flowgate/internal/ownfile"
	"github.com/flowgate-go/flowgate/internal/privatefile"
)

// Spend is what a key has used.
type Spend struct {
	Spend    float64   `json:"spend"`                      // dollars in the period of the budget, or ever when it has none
	ResetAt  time.Time `json:"budget_reset_at,omitzero"`   // when the period ends; zero: never
	LastUsed time.Time `json:"last_active,omitzero"`       // when the last request with the key ended
	Requests int64     `json:"requests,omitempty"`         // ever
	Tokens   int64     `json:"total_tokens,omitempty"`     // ever
	Unpriced int64     `json:"unpriced_requests,omitzero"` // ever; their price is unknown, so no budget counts them
}

// spendFile is the form of the file.
type spendFile struct {
	Version int              `json:"version"`
	Spends  map[string]Spend `json:"spends"` // by Key.TokenID
}

// ReadSpend returns what the keys have used, by Key.TokenID, as the router last wrote it: at most
// some seconds ago. Faults: not-yours, client-spend-invalid.
func ReadSpend(folder string) (map[string]Spend, error) {
	path := filepath.Join(folder, SpendFileName)
	data, err := ownfile.Read(path, maxFileBytes)
	if errors.Is(err, fs.ErrNotExist) {
		return map[string]Spend{}, nil
	}
	if err != nil {
		return nil, err
	}
	spends, err := DecodeSpend(data)
	if err != nil {
		return nil, fault.New("client-spend-invalid", "%s: %w", path, err).
			WithHint("move the file away: what the keys have spent in this period is lost then")
	}
	return spends, nil
}

// DecodeSpend reads the content of a file of spends.
func DecodeSpend(data []byte) (map[string]Spend, error) {
	var file spendFile
	if err := json.Unmarshal(data, &file); err != nil {
		return nil, err
	}
	if file.Version != fileVersion {
		return nil, newerError(file.Version)
	}
	if file.Spends == nil {
		file.Spends = map[string]Spend{}
	}
	for id, s := range file.Spends {
		if !(s.Spend >= 0) || math.IsInf(s.Spend, 0) {
			s.Spend = 0
			file.Spends[id] = s
		}
	}
	return file.Spends, nil
}

// WriteSpend replaces the file of spends. Fault: write-failed.
func WriteSpend(folder string, spends map[string]Spend) error {
	data, err := json.Marshal(spendFile{fileVersion, spends})
	if err != nil {
		return err
	}
	return privatefile.Write(filepath.Join(folder, SpendFileName), append(data, '\n'))
}

// Renew begins a new period when the one of s is over at a time. A clock that jumped ahead and
// back must not leave a budget without a renewal: a period never ends later than one that begins now.
func (s *Spend) Renew(l Limits, now time.Time) {
	next := l.NextReset(now)
	switch {
	case next.IsZero():
		s.ResetAt = next
	case s.ResetAt.IsZero() || s.ResetAt.After(next):
		s.ResetAt = next
	case !now.Before(s.ResetAt):
		s.Spend, s.ResetAt = 0, next
	}
}
