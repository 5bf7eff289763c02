package credential

import (
	"cmp"
	"strings"

	"github.com/tidwall/gjson"
)

// Identity is what a credential says about whose it is: the provider's own ids,
// and what only helps to tell accounts apart. A file name is not part of it, and
// an e-mail address alone proves nothing: one person may have an account in
// several organisations under one address.
type Identity map[string]string

// The members of an identity.
const (
	IDOrganization = "organization" // Claude
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

// decisiveIDs are those that name one account: when both credentials have one
// and it is equal (and none differs) they are of the same account.
func decisiveIDs() []string {
	return []string{IDOrganization, idAccount, idSubject, idUser, idService, idClient, idProfile}
}

// Verdict is what a comparison of two identities gives.
type Verdict int

const (
	Unclear      Verdict = iota // nothing that names an account is known of both
	SameAccount                 // of one account
	OtherAccount                // of different accounts
)

// readIdentity takes the identity from a credential file's members.
func readIdentity(top map[string]gjson.Result) Identity {
	service := Members(top["service_account"])
	id := Identity{
		IDOrganization: FirstText(top["organization_uuid"]),
		idAccount:      FirstText(top["account_uuid"], top["account_id"]),
		idSubject:      FirstText(top["sub"], top["user_id"]),
		idService:      FirstText(service["client_email"]),
		idClient:       registeredClient(top),
		idProfile:      FirstText(top["profile_arn"]),
		idStart:        FirstText(top["start_url"]),
		idIssuer:       FirstText(top["issuer_url"]),
		idMethod:       FirstText(top["auth_method"]),
		idProject:      FirstText(top["project_id"], service["project_id"]),
		idUser:         FirstText(top["username"]),
		idEmail:        FirstText(top["email"]),
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
	if hash := FirstText(top["client_id_hash"]); hash != "" || FirstText(top["client_secret"]) == "" {
		return hash
	}
	return FirstText(top["client_id"])
}

// isSharedProfile reports a profile that Amazon gives to everybody who signs in
// with a Builder ID or a social account: it names nobody. These are the account
// numbers in the ARNs that Kiro has built in.
func isSharedProfile(arn string) bool {
	return strings.Contains(arn, ":638616132270:") || strings.Contains(arn, ":699475941385:")
}

// Identity is whose the credential is. It is read when it is asked: a status of
// a thousand files needs few.
func (c Content) Identity() Identity {
	if c.raw == nil {
		return Identity{}
	}
	top := Members(gjson.ParseBytes(c.raw)) // parse has looked at it
	id := readIdentity(top)
	if known, ok := ReadClaims(FirstText(top["id_token"])); ok {
		id.addClaims(known)
	} else if own, ok := ReadClaims(c.AccessToken); ok {
		id.addClaims(own)
	}
	return id
}

// addClaims fills in what an ID token says.
func (id Identity) addClaims(c Claims) {
	for key, value := range map[string]string{idAccount: c.Account, idSubject: c.Subject, idEmail: c.Email} {
		if id[key] == "" {
			id[key] = value
		}
	}
}

// Compare says whether two credentials of one provider are of one account.
func (id Identity) Compare(other Identity) Verdict {
	result := Unclear
	for key, value := range id {
		if value == "" || other[key] == "" {
			continue
		}
		if !strings.EqualFold(value, other[key]) {
			return OtherAccount
		}
	}
	for _, key := range decisiveIDs() {
		if id[key] != "" && other[key] != "" && !id.leavesUndecided(other, key) {
			result = SameAccount
		}
	}
	return result
}

// leavesUndecided reports whether an equal id does not decide. One account may be in
// several organisations, so it counts only when both or neither name theirs; and
// a profile of Kiro behind an identity provider is the organisation's.
func (id Identity) leavesUndecided(other Identity, key string) bool {
	switch key {
	case IDOrganization:
		return false
	case idProfile:
		return id[idMethod] == KiroExternalIDP
	}
	return (id[IDOrganization] == "") != (other[IDOrganization] == "")
}

// Compare is compare, by the secret where the ids leave it open: one
// grant is one account, and two grants are taken for two accounts, since
// replacing the wrong one would lose it.
func Compare(a, b Content) Verdict {
	v := a.Identity().Compare(b.Identity())
	if v != Unclear {
		return v
	}
	if a.Secret() == "" || b.Secret() == "" {
		return Unclear
	}
	if a.Secret() == b.Secret() {
		return SameAccount
	}
	return OtherAccount
}

// Secret is what the account is reached with: the refresh token, else what is
// presented to the provider.
func (c Content) Secret() string { return cmp.Or(c.RefreshToken, c.AccessToken) }

// KiroExternalIDP is Kiro's sign-in at an organisation's own identity provider.
const KiroExternalIDP = "external_idp"
