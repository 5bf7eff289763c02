package tasks

import (
	"context"
	"errors"
	"io/fs"

	"github.com/flowgate-go/flowgate/internal/client"
	"github.com/flowgate-go/flowgate/internal/clientkey"
	"github.com/flowgate-go/flowgate/internal/config"
	"github.com/flowgate-go/flowgate/internal/keyfile"
	"github.com/flowgate-go/flowgate/internal/privatefile"
)

// rotatedKey is the data of key:rotate.
type rotatedKey struct {
	clientkey.Issued
	Files []string `json:"files"` // those in which a client has the new key
}

// rotateKey replaces a named key. A client that has it as its own gets the new one. When that
// fails, the key is shown all the same: the old one is refused already.
func (s session) rotateKey(ctx context.Context, cfg *config.Config, name string) (any, error) {
	keys, err := clientkey.Open(cfg)
	if err != nil {
		return nil, err
	}
	issued, err := keys.Rotate(ctx, name)
	if err != nil {
		return nil, err
	}
	files, err := s.replaceOwnKey(ctx, cfg, name, issued.Key)
	return rotatedKey{issued, files}, err
}

// replaceOwnKey writes a client's new key where the client reads it, if it has one of its own,
// and returns the files.
func (s session) replaceOwnKey(ctx context.Context, cfg *config.Config, name, key string) ([]string, error) {
	c, err := client.Find(name)
	if err != nil || c.Name != name {
		return []string{}, nil //nolint:nilerr // it is not the key of a client that FlowGate knows
	}
	old, _, err := keyfile.Read(ownKeyFile(cfg, c))
	if errors.Is(err, fs.ErrNotExist) {
		return []string{}, nil
	}
	files := []string{}
	var failure error
	if err == nil {
		files, failure = client.ReplaceKey(ctx, c, old, key, s.clientOptions(false))
	}
	if err := privatefile.Write(ownKeyFile(cfg, c), []byte(key+"\n")); err != nil {
		return files, err
	}
	return append(files, ownKeyFile(cfg, c)), failure
}
