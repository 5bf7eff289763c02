package config_test

import (
	"path/filepath"
	"testing"

	"github.com/flowgate-go/flowgate/internal/config"
	"github.com/flowgate-go/flowgate/internal/fault"
)

func TestAFolderWhoseNameIsNotUTF8IsRefusedByName(t *testing.T) {
	t.Parallel()
	for name, good := range map[string]bool{"f\xfc\xdfe": false, "half \xe2\x82": false, "füße €": true,
		"with\nnewline": true} {
		dir := filepath.Join(t.TempDir(), name)
		err := config.CheckFolder(dir)
		_, loadErr := config.LoadText(filepath.Join(dir, "flowgate.yaml"), []byte("config_version: 2\nservices: {}\n"),
			func(string) string { return "" })
		refused := loadErr != nil && fault.From(loadErr).Code == "folder-name-invalid"
		if (err == nil) != good || refused == good {
			t.Errorf("%q: %v, loaded: %v", name, err, loadErr)
		}
	}
}
