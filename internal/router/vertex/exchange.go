package vertex

import (
	"encoding/json"
	"fmt"
	"net/url"
	"strings"

	"github.com/flowgate-go/flowgate/internal/hostname"
	"github.com/flowgate-go/flowgate/internal/router/renewal"
)

// googleDomain is the domain of Google's token services.
const googleDomain = "googleapis.com"

// exchange has the members of a credential that say where proofs are sent. The library takes
// members by the same names, also in another case, and joins those of a member that stands twice.
type exchange struct {
	Type             string    `json:"type"`
	TokenURL         string    `json:"token_url"`
	ImpersonationURL string    `json:"service_account_impersonation_url"`
	Universe         string    `json:"universe_domain"`
	Source           *exchange `json:"source_credentials"`
}

// checkExchange refuses a credential that sends a proof of somebody else's to an address that is not
// Google's. A workload identity sends the content of a file that it names, so that a credential file of
// a checkout could send any file of the user's anywhere; Google's library leaves that check to
// its callers. The keys of a service account and of a sign-in stand in the credential itself.
func checkExchange(what string, text []byte) error {
	var e exchange
	if err := json.Unmarshal(text, &e); err != nil {
		return &renewal.Error{Text: what + " cannot be used", Err: withoutSecrets(err)}
	}
	for inner := &e; inner != nil; inner = inner.Source {
		if address := inner.foreignAddress(); address != "" {
			return foreignExchange(what, address)
		}
	}
	return nil
}

// foreignAddress returns the address, or the domain, that is not Google's and would get a proof; empty
// when there is none.
func (e *exchange) foreignAddress() string {
	if e.Type == "service_account" || e.Type == "authorized_user" {
		return ""
	}
	for _, address := range [...]string{e.TokenURL, e.ImpersonationURL} {
		if address != "" && !isGoogles(address) {
			return address
		}
	}
	if e.Universe != googleDomain {
		return e.Universe
	}
	return ""
}

// foreignExchange returns the error of a credential that names another token service.
func foreignExchange(what, address string) error {
	host := address
	if u, err := url.Parse(address); err == nil && u.Host != "" {
		host = u.Host
	}
	return &renewal.Error{Text: fmt.Sprintf("%s would send its proof to %q, which is not Google's (%s): "+
		"make the credential file anew with gcloud iam workload-identity-pools create-cred-config", what, host, googleDomain)}
}

// isGoogles reports whether an address is of a token service of Google's, or on this machine.
func isGoogles(address string) bool {
	u, err := url.Parse(address)
	if err != nil {
		return false
	}
	host := strings.ToLower(u.Hostname())
	isGoogle := host == googleDomain || strings.HasSuffix(host, "."+googleDomain)
	return u.Scheme == "https" && isGoogle || hostname.IsLoopback(host)
}
