package page

import (
	"bytes"
	"compress/gzip"
	"embed"
	"mime"
	"net/http"
	"path"
	"strings"
	"sync"
)

// The charts are drawn by uPlot 1.6.32 (MIT, assets/uPlot.LICENSE), as it is published.
//
//go:embed assets/*.css assets/*.js
var assetFiles embed.FS

// assets returns the page's files, compressed: all browsers take gzip.
var assets = sync.OnceValue(func() map[string][]byte {
	files, err := assetFiles.ReadDir("assets")
	if err != nil {
		return nil
	}
	all := map[string][]byte{}
	for _, f := range files {
		text, _ := assetFiles.ReadFile("assets/" + f.Name())
		var b bytes.Buffer
		z, _ := gzip.NewWriterLevel(&b, gzip.BestCompression)
		_, _ = z.Write(text)
		_ = z.Close()
		all[f.Name()] = b.Bytes()
	}
	return all
})

// serveAsset answers with one of the page's files. They hold nothing secret, so that notices
// to browsers without a session look like the page.
func (s *Server) serveAsset(w http.ResponseWriter, r *http.Request) {
	text, ok := assets()[r.PathValue("name")]
	if !ok || !strings.Contains(r.Header.Get("Accept-Encoding"), "gzip") {
		s.serveUnknown(w, r)
		return
	}
	w.Header().Set("Content-Type", mime.TypeByExtension(path.Ext(r.PathValue("name"))))
	w.Header().Set("Content-Encoding", "gzip")
	_, _ = w.Write(text)
}
