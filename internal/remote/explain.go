package remote

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"net/http"
	"strings"
	"syscall"
	"time"

	"github.com/flowgate-go/flowgate/internal/tcp"
)

// Explain returns what is wrong when a request to a router has failed, and what to do about it;
// advice may be empty.
func Explain(err error) (reason, advice string) {
	if reason, advice = explainTLS(err); reason != "" {
		return reason, advice
	}
	var lookup *net.DNSError
	var foreign *tcp.ForeignPeerError
	var timeout net.Error
	switch {
	case errors.As(err, &foreign):
		return foreign.Error() + ": the key is this installation's own",
			"end that process; if it is the router, such as one in a " +
				"container, add -insecure-plain"
	case errors.As(err, &lookup):
		return fmt.Sprintf("the name %s cannot be resolved: %s", lookup.Name, lookup.Err),
			"check the name in -url, and the network"
	case errors.Is(err, syscall.ECONNREFUSED):
		return "nothing listens there: the connection was refused", "check host and port in -url, and that the stack runs"
	case errors.As(err, &timeout) && timeout.Timeout():
		return "it did not answer in time", "a firewall may drop the packets; check host and port in -url"
	}
	return err.Error(), ""
}

// explainTLS is Explain for errors of TLS; reason is "" for others.
func explainTLS(err error) (reason, advice string) {
	var authority x509.UnknownAuthorityError
	var name x509.HostnameError
	var invalid x509.CertificateInvalidError
	var plain tls.RecordHeaderError
	switch {
	case errors.As(err, &authority):
		return "its certificate is from an authority that this machine does not know",
			"if it is your own, name its PEM file: " +
				"-ca-file=FILE; if not, somebody may be in between"
	case errors.As(err, &name):
		return fmt.Sprintf("its certificate is for %s, not for %s", describeNames(name.Certificate), name.Host),
			"use a name that the certificate has, or renew it with this one"
	case errors.As(err, &invalid) && invalid.Reason == x509.Expired:
		return fmt.Sprintf("its certificate is valid from %s to %s, and it is %s here", formatTime(invalid.Cert.NotBefore),
			formatTime(invalid.Cert.NotAfter), formatTime(time.Now())), "renew the certificate, or set this machine's clock"
	case errors.As(err, &invalid):
		return "its certificate is not valid: " + invalid.Error(), "renew the certificate"
	case errors.As(err, &plain), strings.Contains(err.Error(), "server gave HTTP response to HTTPS client"):
		return "it speaks plain http, not TLS", "name the port that has TLS"
	}
	return "", ""
}

// describeNames returns the names that a certificate is for.
func describeNames(c *x509.Certificate) string {
	names := c.DNSNames
	for _, ip := range c.IPAddresses {
		names = append(names, ip.String())
	}
	if len(names) == 0 {
		return "no name"
	}
	const most = 3
	if len(names) > most {
		names = append(names[:most:most], "…")
	}
	return strings.Join(names, ", ")
}

// formatTime returns a time as people compare it.
func formatTime(t time.Time) string { return t.UTC().Format(time.RFC3339) }

// ExplainRedirect returns where a reply sends its reader on, and what to do; "" when it does not. The
// key is not sent there.
func ExplainRedirect(status int, header http.Header) (reason, advice string) {
	if status < 300 || status >= 400 || header.Get("Location") == "" {
		return "", ""
	}
	to := header.Get("Location")
	if before, _, hasQuery := strings.Cut(to, "?"); hasQuery {
		to = before + "?…"
	}
	return fmt.Sprintf("it answers with a redirect (%d) to %s, which is not followed, since the key would go there",
			status, to),
		"name the router's own address in -url; a page to sign in at is in front of it otherwise"
}
