package page

import (
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"embed"
	"encoding/base64"
	"mime"
	"net/http"
	"path"
	"strings"
	"sync"
)

// The charts are drawn by uPlot 1.6.32 (MIT, assets/uPlot.LICENSE), as it is published.
//
//go:embed assets/*.js
var assetFiles embed.FS

//go:embed assets/style.css
var ownStyle string

//go:embed assets/uPlot.css
var chartStyle string

// style returns the style of the page. It is part of each page, so that a browser shows one with what
// its first request brings.
func style() string { return ownStyle + chartStyle }

// policy returns the Content-Security-Policy of every reply: nothing is loaded from elsewhere, nothing
// inline is executed, no other page can frame this one, and the style is the page's own.
var policy = sync.OnceValue(func() string {
	sum := sha256.Sum256([]byte(style()))
	return "default-src 'none'; script-src 'self'; style-src 'sha256-" + base64.StdEncoding.EncodeToString(sum[:]) +
		"'; connect-src 'self'; img-src 'self' data:; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
})

// assets returns the page's scripts, compressed: all browsers take gzip.
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

// serveAsset answers with one of the page's scripts, which hold nothing secret.
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
