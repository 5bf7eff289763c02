package litellm_test

import (
	"bytes"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"net/url"
	"slices"
	"strings"
	"testing"
)

// signedRequest is what AWS makes of a request that it gets, to check the signature: written here after AWS's document
// "Create a signed AWS API request" (docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html),
// without the signer that the router uses.
type signedRequest struct {
	canonical string // the canonical request but for its last line
	payload   string // the last line: the SHA-256 of the body
	signed    []string
	scope     []string // date, region, service, aws4_request
	signature string
}

// readSigned returns the parts of a request with a signature.
func readSigned(t *testing.T, r captured) signedRequest {
	t.Helper()
	u, err := url.Parse(r.url)
	check(t, err)
	rest, isSigned := strings.CutPrefix(r.header.Get("Authorization"), "AWS4-HMAC-SHA256 ")
	members := map[string]string{}
	for member := range strings.SplitSeq(rest, ",") {
		name, value, _ := strings.Cut(strings.TrimSpace(member), "=")
		members[name] = value
	}
	_, scope, _ := strings.Cut(members["Credential"], "/")
	s := signedRequest{signed: strings.Split(members["SignedHeaders"], ";"), scope: strings.Split(scope, "/"), signature: members["Signature"]}
	if !isSigned || len(s.scope) != 4 || s.signature == "" {
		t.Fatalf("the signature is %q", r.header.Get("Authorization"))
	}
	var b strings.Builder
	// The path is escaped as it was sent, a second time: so AWS does for every service but S3.
	fmt.Fprintf(&b, "%s\n%s\n%s\n", r.method, uriEncode(u.EscapedPath()), u.Query().Encode())
	for _, name := range s.signed {
		value := strings.Join(r.header.Values(name), ",")
		if name == "host" {
			value = u.Host
		}
		fmt.Fprintf(&b, "%s:%s\n", name, strings.Join(strings.Fields(value), " "))
	}
	fmt.Fprintf(&b, "\n%s\n", members["SignedHeaders"])
	s.canonical, s.payload = b.String(), sum(r.body)
	return s
}

// uriEncode escapes all but the unreserved characters of RFC 3986 and the slash.
func uriEncode(path string) string {
	var b strings.Builder
	for i := range len(path) {
		if c := path[i]; c == '/' || strings.IndexByte("-._~", c) >= 0 || c >= '0' && c <= '9' || c|0x20 >= 'a' && c|0x20 <= 'z' {
			b.WriteByte(c)
		} else {
			fmt.Fprintf(&b, "%%%02X", c)
		}
	}
	return b.String()
}

// sum returns the SHA-256 of a text, in hexadecimal.
func sum(text []byte) string {
	digest := sha256.Sum256(text)
	return hex.EncodeToString(digest[:])
}

// sign returns the signature that a request must have.
func (s signedRequest) sign(date, secret string) string {
	toSign := strings.Join([]string{"AWS4-HMAC-SHA256", date, strings.Join(s.scope, "/"), sum([]byte(s.canonical + s.payload))}, "\n")
	key := []byte("AWS4" + secret)
	for _, part := range append(slices.Clone(s.scope), toSign) {
		mac := hmac.New(sha256.New, key)
		mac.Write([]byte(part))
		key = mac.Sum(nil)
	}
	return hex.EncodeToString(key)
}

// compareCanonical compares the canonical request of the router's request with that of LiteLLM's, byte by
// byte, and checks both signatures. Only the last line may differ, by the white space and the order of
// the body's members: Python's json writes a space after each comma and colon, and LiteLLM puts the
// members in the order in which its code comes to them.
func compareCanonical(t *testing.T, c cloudCase, ours, theirs captured) {
	t.Helper()
	a, b := readSigned(t, ours), readSigned(t, theirs)
	if a.canonical != b.canonical {
		t.Errorf("%s: the router's canonical request is\n%s\nLiteLLM's\n%s", c.Model, a.canonical, b.canonical)
	}
	secret, _ := c.Params["aws_secret_access_key"].(string)
	for who, r := range map[string]struct {
		captured
		signedRequest
	}{"the router": {ours, a}, "LiteLLM": {theirs, b}} {
		if want := r.sign(r.header.Get("X-Amz-Date"), secret); want != r.signature {
			t.Errorf("%s: %s signs %s, not %s:\n%s", c.Model, who, r.signature, want, r.canonical)
		}
		for name := range r.header {
			name = strings.ToLower(name)
			if (strings.HasPrefix(name, "x-amz-") || name == "content-type") && !slices.Contains(r.signed, name) {
				t.Errorf("%s: %s does not sign %s", c.Model, who, name)
			}
		}
		if !slices.Contains(r.signed, "host") || !slices.IsSorted(r.signed) {
			t.Errorf("%s: %s signs %q", c.Model, who, r.signed)
		}
	}
	t.Log(c.Model, "differs in", differenceOf(t, ours.body, theirs.body))
}

// differenceOf says in what two bodies with the same members differ.
func differenceOf(t *testing.T, ours, theirs []byte) string {
	t.Helper()
	compact := func(body []byte) string {
		var b bytes.Buffer
		check(t, json.Compact(&b, body))
		return b.String()
	}
	switch {
	case bytes.Equal(ours, theirs):
		return "nothing"
	case compact(ours) == compact(theirs):
		return "white space"
	}
	return "white space, and the order or the escapes of members"
}
