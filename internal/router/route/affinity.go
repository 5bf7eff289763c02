package route

import (
	"bytes"
	"slices"

	"github.com/flowgate-go/flowgate/internal/router/affinity"
	"github.com/flowgate-go/flowgate/internal/router/deployment"
	"github.com/flowgate-go/flowgate/internal/router/dialect"
	"github.com/flowgate-go/flowgate/internal/router/reply"
)

// maxLearned is how many pieces of state with an unknown owner are learned from one request.
const maxLearned = 64

// belonging is the session, the cached prompt and the state that tie a request to deployments
// of the group that is asked.
type belonging struct {
	session    affinity.Key
	hasSession bool
	pinned     affinity.Owner // the session's deployment; zero: none yet

	prompts []affinity.Key // of the beginnings of the prompt, the longest first
	cached  affinity.Owner // the deployment that has the beginning of the prompt in its cache; zero: none

	isTracked bool           // owners of state in requests and replies are looked up and remembered
	hasState  bool           // the request has state of an upstream
	state     affinity.Owner // the owner of the newest state, or of state that is kept; zero: unknown
	isKept    bool           // the owner keeps the state: no other deployment can answer
	accounts  []string       // the known owners' accounts, of all state in the request
	unknown   []affinity.Key // the state in the request whose owner is unknown
}

// findBelonging finds the session, the cached prompt and the state that tie the request to
// deployments of g. What this router does not know, another one may: Policy.Lookup is asked once for each
// request, and not for a group of one deployment.
func (w *Walk) findBelonging(g *Group) {
	w.findKnown(g)
	if w.policy.Lookup == nil || w.hasLooked || g.hasOneDeployment() {
		return
	}
	if w.listWanted(); len(w.wanted) > 0 {
		w.hasLooked = true
		if w.policy.Lookup(slices.Clone(w.wanted)) {
			w.findKnown(g)
		}
	}
}

// listWanted lists what of the request's session, prompt and state is not known here.
func (w *Walk) listWanted() {
	b, p := &w.belongs, w.policy
	w.wanted = w.wanted[:0]
	if b.hasSession && b.pinned.Deployment == "" {
		w.wanted = append(w.wanted, affinity.Wanted{Store: p.Sessions, Key: b.session})
	}
	if b.cached.Deployment == "" {
		for _, k := range b.prompts {
			w.wanted = append(w.wanted, affinity.Wanted{Store: p.Prompts, Key: k})
		}
	}
	for _, k := range b.unknown {
		w.wanted = append(w.wanted, affinity.Wanted{Store: p.States, Key: k})
	}
}

// findKnown finds what ties the request to deployments of g, as far as this router knows.
func (w *Walk) findKnown(g *Group) {
	b := &w.belongs
	*b = belonging{accounts: b.accounts[:0], unknown: b.unknown[:0]}
	if b.isTracked = w.tracksState(g); b.isTracked {
		w.findState()
	}
	if checks := w.policy.Settings.Affinity.Of(g.Name); checks.Any() && !g.hasOneDeployment() && !w.isCounting() {
		w.findSession(g, checks.Session, checks.Key)
		if checks.PromptCache {
			w.findCached(g)
		}
	}
}

// tracksState reports whether owners of state in requests to g, and in their replies, are
// looked up and remembered: only where deployments have several accounts. A conversation in
// responses or messages may continue in any group; requests in other dialects rarely have
// state, so that only g matters.
func (w *Walk) tracksState(g *Group) bool {
	switch w.request.Dialect {
	case dialect.Responses, dialect.Messages:
		return w.policy.States != nil
	case dialect.CountTokens:
		return false
	}
	return w.policy.States != nil && g.hasAccounts
}

// findState finds the owners of the state in the request.
func (w *Walk) findState() {
	b, m := &w.belongs, &w.request.Marks
	for _, member := range [...][]byte{m.Container, m.Conversation, m.PreviousResponse} {
		if id := affinity.KeptID(member); id != nil {
			b.isKept = w.findOwner(affinity.StateKey(id)) || b.isKept
		}
	}
	affinity.EachState(w.request.Body(), func(value []byte) { w.findOwner(affinity.StateKey(value)) })
}

// findOwner looks up the owner of a piece of state. Once an owner is known to keep state, later
// pieces do not replace it.
func (w *Walk) findOwner(k affinity.Key) (isKnown bool) {
	b := &w.belongs
	b.hasState = true
	owner, isKnown := w.policy.States.Find(k)
	switch {
	case !isKnown && len(b.unknown) < maxLearned:
		b.unknown = append(b.unknown, k)
	case isKnown && !slices.Contains(b.accounts, owner.Account):
		b.accounts = append(b.accounts, owner.Account)
	}
	if isKnown && !b.isKept {
		b.state = owner
	}
	return isKnown
}

// findSession finds the deployment of the request's session. With byKey, all requests without
// an id of a session share one.
func (w *Walk) findSession(g *Group, bySession, byKey bool) {
	b, id := &w.belongs, ""
	if bySession {
		id = affinity.SessionOf(w.request.HTTP.Header, &w.request.Marks)
	}
	switch {
	case id != "":
		b.session = affinity.NewKey("session "+g.Name, id)
	case byKey:
		b.session = affinity.NewKey("key "+g.Name, "")
	default:
		return
	}
	b.hasSession = true
	b.pinned, _ = w.policy.Sessions.Find(b.session)
}

// findCached finds the deployment whose provider has the beginning of the prompt in its
// cache.
func (w *Walk) findCached(g *Group) {
	b := &w.belongs
	b.prompts = affinity.PromptKeys(g.Name, &w.request.Marks)
	for _, k := range b.prompts {
		if owner, ok := w.policy.Prompts.Find(k); ok {
			b.cached = owner
			return
		}
	}
}

// preferOwners returns the deployments of list that the request belongs to: the owner of the
// newest state in it, else the deployments with the same account, else that of the session,
// else the one that has the prompt in its cache, else all of list. It may reorder list.
func (w *Walk) preferOwners(list []*deployment.Deployment) []*deployment.Deployment {
	b := &w.belongs
	if maker := findOwned(list, b.state); maker != nil {
		return maker
	}
	if b.state.Account != "" {
		readers := keepOnly(list, func(d *deployment.Deployment) bool { return d.Owner.Account == b.state.Account })
		if readers != nil {
			return readers
		}
	}
	for _, owner := range [...]affinity.Owner{b.pinned, b.cached} {
		if owned := findOwned(list, owner); owned != nil {
			return owned
		}
	}
	return list
}

// findOwned returns a list of the deployment that owner names; nil when list does not have it.
func findOwned(list []*deployment.Deployment, owner affinity.Owner) []*deployment.Deployment {
	if owner.Deployment == "" {
		return nil
	}
	return keepOnly(list, func(d *deployment.Deployment) bool { return d.Owner == owner })
}

// keepOnly returns the deployments that fit, and changes list. It returns nil, and leaves list
// as it is, when none of them does.
func keepOnly(list []*deployment.Deployment, fits func(*deployment.Deployment) bool) []*deployment.Deployment {
	if !slices.ContainsFunc(list, fits) {
		return nil
	}
	return slices.DeleteFunc(list, func(d *deployment.Deployment) bool { return !fits(d) })
}

// isKeeper reports whether the upstream of d keeps state that the request refers to, so that
// no other deployment can answer.
func (w *Walk) isKeeper(d *deployment.Deployment) bool {
	return w.belongs.isKept && d.Owner == w.belongs.state
}

// pinSession makes d the deployment of the request's session, even in place of another one,
// which failed or cools down.
func (w *Walk) pinSession(d *deployment.Deployment) {
	if b := &w.belongs; b.hasSession {
		w.policy.Sessions.Set(b.session, &d.Owner)
	}
}

// removeForeignState tells the exchange which reasoning in the request to leave out because d cannot
// read it.
func (w *Walk) removeForeignState(d *deployment.Deployment) {
	isForeign := func(account string) bool { return account != d.Owner.Account }
	if !slices.ContainsFunc(w.belongs.accounts, isForeign) {
		w.exchange.RemoveForeign(nil)
		return
	}
	w.exchange.RemoveForeign(func(d *deployment.Deployment, state []byte) bool {
		owner, isKnown := w.policy.States.Find(affinity.StateKey(state))
		return isKnown && owner.Account != d.Owner.Account
	})
}

// notePrompt remembers that d has answered, and has the prompt in its cache now.
func (w *Walk) notePrompt(d *deployment.Deployment) {
	if len(w.belongs.prompts) > 0 {
		w.policy.Prompts.Set(w.belongs.prompts[0], &d.Owner)
	}
}

// learnState makes the deployment that answered the owner of the unknown state in the
// request, which it could read, and of the state in a whole reply.
func (w *Walk) learnState(a *reply.Answer) {
	if !w.belongs.isTracked {
		return
	}
	for _, k := range w.belongs.unknown {
		w.policy.States.Set(k, &a.Deployment.Owner)
	}
	if !a.IsOpen() {
		w.noteState(a.Body, true)
	}
}

// noteState makes the deployment that is asked the owner of the state in a reply, or in an
// event of one. hasIDs says that data may have ids of objects that the upstream keeps.
func (w *Walk) noteState(data []byte, hasIDs bool) {
	note := func(value []byte) { w.policy.States.Set(affinity.StateKey(value), &w.asked.Owner) }
	affinity.EachState(data, note)
	if hasIDs && w.request.Dialect != dialect.Chat {
		affinity.EachKeptID(data, note)
	}
}

// Texts in events that have ids of objects that the upstream keeps.
var (
	createdEvent = []byte(`"response.created"`)
	containerKey = []byte(`container"`)
)

// hasKeptIDs reports whether the data of an event may have ids of objects that the upstream
// keeps.
func hasKeptIDs(data []byte) bool {
	return bytes.Contains(data, createdEvent) || bytes.Contains(data, containerKey)
}
