package credential

import (
	"cmp"
	"strings"

	"github.com/tidwall/gjson"
)

// Identity holds the ids that name the account of a credential, and values that
// only help to tell accounts apart. A file name is not part of it, and an e-mail
// address alone does not decide: one address may have accounts in several
// organisations.
type Identity map[string]string

// The keys of an Identity.
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

// decisiveIDs returns the ids that name one account: if two credentials have the
// same value of one, and no id differs, they are of the same account.
func decisiveIDs() []string {
	return []string{IDOrganization, idAccount, idSubject, idUser, idService, idClient, idProfile}
}

// Verdict is the result of comparing two identities.
type Verdict int

// The verdicts.
const (
	Unclear      Verdict = iota // they have no decisive id in common
	SameAccount                 // the same account
	OtherAccount                // different accounts
)

// readIdentity returns the identity in a credential file's members.
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

// registeredClient returns the id of the OAuth client that a machine registered
// for its sign-in. The client of an organisation's identity provider, which all
// its users share, has no secret and no hash: it returns "".
func registeredClient(top map[string]gjson.Result) string {
	if hash := FirstText(top["client_id_hash"]); hash != "" || FirstText(top["client_secret"]) == "" {
		return hash
	}
	return FirstText(top["client_id"])
}

// isSharedProfile reports whether an ARN names a profile that all sign-ins with a
// Builder ID or a social account share, so that it does not name an account. The
// account numbers are those in the ARNs that Kiro has built in.
func isSharedProfile(arn string) bool {
	return strings.Contains(arn, ":638616132270:") || strings.Contains(arn, ":699475941385:")
}

// Identity returns the ids of the credential's account. They are read on demand:
// showing a thousand files needs few of them.
func (c Content) Identity() Identity {
	if c.raw == nil {
		return Identity{}
	}
	top := Members(gjson.ParseBytes(c.raw)) // Parse has checked it
	id := readIdentity(top)
	if claims, ok := ReadClaims(FirstText(top["id_token"])); ok {
		id.addClaims(claims)
	} else if claims, ok := ReadClaims(c.AccessToken); ok {
		id.addClaims(claims)
	}
	return id
}

// addClaims adds the ids of a token's claims where the file has none.
func (id Identity) addClaims(c Claims) {
	for key, value := range map[string]string{idAccount: c.Account, idSubject: c.Subject, idEmail: c.Email} {
		if id[key] == "" {
			id[key] = value
		}
	}
}

// Compare compares the identities of two credentials of one provider.
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
		if id[key] != "" && other[key] != "" && !id.isInconclusive(other, key) {
			result = SameAccount
		}
	}
	return result
}

// isInconclusive reports whether an equal id does not prove the same account. One
// account may be in several organisations, so the id counts only if both or neither
// name theirs; and a profile of Kiro behind an identity provider is the
// organisation's.
func (id Identity) isInconclusive(other Identity, key string) bool {
	switch key {
	case IDOrganization:
		return false
	case idProfile:
		return id[idMethod] == KiroExternalIDP
	}
	return (id[IDOrganization] == "") != (other[IDOrganization] == "")
}

// Compare compares the accounts of two credentials of one provider: by their ids,
// and if those do not decide, by the secret. Two different grants count as two
// accounts, since replacing the wrong one would lose it.
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

// Secret returns the refresh token, else the access token or API key.
func (c Content) Secret() string { return cmp.Or(c.RefreshToken, c.AccessToken) }

// KiroExternalIDP is the auth_method of a Kiro sign-in at an organisation's own
// identity provider.
const KiroExternalIDP = "external_idp"
