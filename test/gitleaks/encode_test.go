package gitleaks_test

import (
	"encoding/base64"
	"fmt"
	"os/exec"
	"strings"
	"testing"
)

func encodeBase64(s string) string { return base64.StdEncoding.EncodeToString([]byte(s)) }

func encodePercent(s string) string {
	var b strings.Builder
	for _, c := range []byte(s) {
		fmt.Fprintf(&b, "%%%02X", c)
	}
	return b.String()
}

func encodeEscapes(s string) string {
	var b strings.Builder
	for _, c := range s {
		fmt.Fprintf(&b, `\u%04x`, c&0xffff)
	}
	return b.String()
}

func codePoints(s string) string {
	var b strings.Builder
	for _, c := range s {
		fmt.Fprintf(&b, "U+%04X ", c&0xffff)
	}
	return b.String()
}

func goroot(t *testing.T) string {
	t.Helper()
	out, err := exec.Command("go", "env", "GOROOT").Output()
	if err != nil {
		t.Fatal(err)
	}
	return strings.TrimSpace(string(out))
}
