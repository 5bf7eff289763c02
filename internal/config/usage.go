package config

import (
	"github.com/samber/lo"

	"github.com/flowgate-go/flowgate/internal/config/schema"
)

// Defaults of the usage ledger's bounds.
const (
	defaultUsageDays = 90
	defaultUsageMB   = 256
)

// resolveUsage fills in what the file does not say about the usage ledger.
func resolveUsage(doc schema.UsageDocument) Usage {
	return Usage{
		Ledger: bool(lo.FromPtrOr(doc.Ledger, true)), Days: lo.FromPtrOr(doc.Days, defaultUsageDays),
		MaxBytes: int64(lo.FromPtrOr(doc.MaxMB, defaultUsageMB)) << 20,
	}
}
