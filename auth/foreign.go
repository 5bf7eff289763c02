package auth

import (
	"context"

	"github.com/flowgate-go/flowgate/internal/config"
)

func foreign(context.Context, *config.Config, Environment) []Holder { return nil }
