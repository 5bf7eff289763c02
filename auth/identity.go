package auth

import (
	"strings"

	"github.com/tidwall/gjson"
)

// identity is what a credential says about whose it is: the provider's own ids,
// and what only helps to tell accounts apart. A file name is not part of it, and
// an e-mail address alone proves nothing: one person may have an account in
// several organisations under one address.
type identity map[string]string

// The members of an identity.
const (
	idOrganization = "organization" // Claude
	idAccount      = "account"      // Codex's workspace, Claude's account
	idSubject      = "subject"      // OpenID Connect's sub
	idUser         = "user"         // a login name, as GitHub's
	idService      = "service"      // a service account
	idClient       = "client"       // Kiro: the client registration that the sign-in was made with
	idProfile      = "profile"      // Kiro: the profile that is used
	idStart        = "start"        // Kiro: the organisation's start page
	idIssuer       = "issuer"       // Kiro: an external identity provider
	idMethod       = "method"       // Kiro: how it was signed in
	idProject      = "project"
	idEmail        = "email"
)

// provingIDs are those that name one account: when both credentials have one
// and it is equal (and none differs) they are of the same account.
func provingIDs() []string {
	return []string{idOrganization, idAccount, idSubject, idUser, idService, idClient, idProfile}
}

// verdict is what a comparison of two identities gives.
type verdict int

const (
	unclear      verdict = iota // nothing that names an account is known of both
	sameAccount                 // of one account
	otherAccount                // of different accounts
)

// readIdentity takes the identity from a credential file's members.
func readIdentity(top map[string]gjson.Result) identity {
	service := object(top["service_account"])
	id := identity{
		idOrganization: text(top["organization_uuid"]),
		idAccount:      text(top["account_uuid"], top["account_id"]),
		idSubject:      text(top["sub"], top["user_id"]),
		idService:      text(service["client_email"]),
		idClient:       registeredClient(top),
		idProfile:      text(top["profile_arn"]),
		idStart:        text(top["start_url"]),
		idIssuer:       text(top["issuer_url"]),
		idMethod:       text(top["auth_method"]),
		idProject:      text(top["project_id"], service["project_id"]),
		idUser:         text(top["username"]),
		idEmail:        text(top["email"]),
	}
	if isSharedProfile(id[idProfile]) {
		delete(id, idProfile)
	}
	return id
}

// registeredClient is the client that a machine registered for its sign-in. The
// client of an organisation's identity provider, which all its users share, has
// no secret and no hash.
func registeredClient(top map[string]gjson.Result) string {
	if hash := text(top["client_id_hash"]); hash != "" || text(top["client_secret"]) == "" {
		return hash
	}
	return text(top["client_id"])
}

// isSharedProfile reports a profile that Amazon gives to everybody who signs in
// with a Builder ID or a social account: it names nobody. These are the account
// numbers in the ARNs that Kiro has built in.
func isSharedProfile(arn string) bool {
	return strings.Contains(arn, ":638616132270:") || strings.Contains(arn, ":699475941385:")
}

// identity is whose the credential is. It is read when it is asked: a status of
// a thousand files needs few.
func (c credential) identity() identity {
	if c.raw == nil {
		return identity{}
	}
	top := object(gjson.ParseBytes(c.raw)) // parse has looked at it
	id := readIdentity(top)
	if known, ok := readClaims(text(top["id_token"])); ok {
		id.claim(known)
	} else if own, ok := readClaims(c.Access); ok {
		id.claim(own)
	}
	return id
}

// claim fills in what an ID token says.
func (id identity) claim(c claims) {
	for key, value := range map[string]string{idAccount: c.Account, idSubject: c.Subject, idEmail: c.Email} {
		if id[key] == "" {
			id[key] = value
		}
	}
}

// compare says whether two credentials of one provider are of one account.
func (id identity) compare(other identity) verdict {
	result := unclear
	for key, value := range id {
		if value == "" || other[key] == "" {
			continue
		}
		if !strings.EqualFold(value, other[key]) {
			return otherAccount
		}
	}
	for _, key := range provingIDs() {
		if id[key] != "" && other[key] != "" && !id.leavesOpen(other, key) {
			result = sameAccount
		}
	}
	return result
}

// leavesOpen reports whether an equal id does not decide. One account may be in
// several organisations, so it counts only when both or neither name theirs; and
// a profile of Kiro behind an identity provider is the organisation's.
func (id identity) leavesOpen(other identity, key string) bool {
	switch key {
	case idOrganization:
		return false
	case idProfile:
		return id[idMethod] == externalIDP
	}
	return (id[idOrganization] == "") != (other[idOrganization] == "")
}

// compareCredentials is compare, by the secret where the ids leave it open: one
// grant is one account, and two grants are taken for two accounts, since
// replacing the wrong one would lose it.
func compareCredentials(a, b credential) verdict {
	v := a.identity().compare(b.identity())
	if v != unclear {
		return v
	}
	if a.secret() == "" || b.secret() == "" {
		return unclear
	}
	if a.secret() == b.secret() {
		return sameAccount
	}
	return otherAccount
}

// secret is what the account is reached with: the refresh token, else what is
// presented to the provider.
func (c credential) secret() string { return firstOf(c.Refresh, c.Access) }
