package routertest

import (
	"bytes"
	"compress/flate"
	"compress/gzip"
	"compress/zlib"
	"io"

	"github.com/andybalholm/brotli"
	"github.com/klauspost/compress/zstd"
)

// FlushWriter is the interface that compressors have in common.
type FlushWriter interface {
	io.WriteCloser
	Flush() error
}

// Compressors has a compressor for each encoding by its name in Content-Encoding;
// "deflate raw" is the bare format that some servers send as deflate.
var Compressors = map[string]func(io.Writer) FlushWriter{
	"gzip":        func(w io.Writer) FlushWriter { return gzip.NewWriter(w) },
	"x-gzip":      func(w io.Writer) FlushWriter { return gzip.NewWriter(w) },
	"deflate":     func(w io.Writer) FlushWriter { return zlib.NewWriter(w) },
	"deflate raw": func(w io.Writer) FlushWriter { z, _ := flate.NewWriter(w, 5); return z },
	"br":          func(w io.Writer) FlushWriter { return brotli.NewWriter(w) },
	"zstd":        func(w io.Writer) FlushWriter { z, _ := zstd.NewWriter(w); return z },
}

// Encode returns text in the named encodings, which it applies one after the other.
func Encode(text string, names ...string) string {
	for _, name := range names {
		var b bytes.Buffer
		w := Compressors[name](&b)
		_, _ = io.WriteString(w, text) // cannot fail: a bytes.Buffer takes every write
		_ = w.Close()
		text = b.String()
	}
	return text
}
