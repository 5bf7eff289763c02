package page

import (
	"crypto/subtle"
	"net"
	"net/http"
	"net/netip"
	"strings"

	"github.com/flowgate-go/flowgate/internal/hostname"
)

// ServeHTTP answers a request when its Host header names this machine: a page of elsewhere
// whose name was made to lead here (DNS rebinding) has another one.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	setHeaders(w.Header())
	if !isThisMachine(r.Host) {
		writeNotice(w, http.StatusMisdirectedRequest, "This name is not this machine's",
			"The page answers under 127.0.0.1 and localhost only. Open the link as it was printed.")
		return
	}
	if err := s.protect.Check(r); err != nil || !isOwnOrigin(r) {
		writeNotice(w, http.StatusForbidden, "Another page sent this request",
			"Only the page itself may change something.")
		return
	}
	s.mux.ServeHTTP(w, r)
}

// setHeaders sets the headers that every reply has.
func setHeaders(h http.Header) {
	h.Set("Content-Security-Policy", policy())
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("X-Frame-Options", "DENY")
	h.Set("Referrer-Policy", "no-referrer")
	h.Set("Cross-Origin-Opener-Policy", "same-origin")
	h.Set("Cross-Origin-Resource-Policy", "same-origin")
	h.Set("Cache-Control", "no-store")
}

// isThisMachine reports whether a Host header names this machine: localhost, or a loopback
// address. The port may be another one, of a tunnel (ssh -L).
func isThisMachine(host string) bool {
	name, _, err := net.SplitHostPort(host)
	if err != nil {
		name = host
	}
	name = strings.TrimSuffix(strings.TrimPrefix(name, "["), "]")
	ip, err := netip.ParseAddr(name)
	return strings.EqualFold(name, "localhost") || err == nil && ip.IsLoopback() && hostname.IsLoopback(name)
}

// isOwnPage reports whether the page itself sends a request, as far as the browser says. A page
// at another port of this machine is of the same site, so that the cookie comes with what it asks
// for: it must not keep the page going.
func isOwnPage(r *http.Request) bool {
	site := r.Header.Get("Sec-Fetch-Site")
	return site == "" || site == "same-origin"
}

// isOwnOrigin reports whether a request with an Origin header comes from this page. Browsers
// send it with every POST; a program that sends none has no cookie of the page.
func isOwnOrigin(r *http.Request) bool {
	origin := r.Header.Get("Origin")
	return origin == "" || origin == "http://"+r.Host
}

// cookieName is the name of the session's cookie. A browser keeps one jar for all ports of a
// host: the port is part of the name, so that the pages of two stacks go side by side.
func cookieName(r *http.Request) string {
	port := "80"
	if addr, ok := r.Context().Value(http.LocalAddrContextKey).(net.Addr); ok {
		if _, p, err := net.SplitHostPort(addr.String()); err == nil {
			port = p
		}
	}
	return "flowgate_page_" + port
}

// sessionHandler answers a request of a session.
type sessionHandler func(w http.ResponseWriter, r *http.Request, by session)

// withSession lets requests with the cookie of a session through.
func (s *Server) withSession(next sessionHandler) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		by, ok := s.findSession(r)
		if !ok {
			writeNotice(w, http.StatusUnauthorized, "This browser has not opened the page yet",
				"The page is opened by a link that is good once. To get one, type: "+s.sources.Program+" page")
			return
		}
		if isOwnPage(r) || r.Header.Get("Sec-Fetch-Site") == "none" { // none: a person typed the address
			s.noteLook()
		}
		next(w, r, by)
	}
}

// findSession returns the session of a request.
func (s *Server) findSession(r *http.Request) (session, bool) {
	cookie, err := r.Cookie(cookieName(r))
	if err != nil {
		return session{}, false
	}
	return s.keys.find(cookie.Value)
}

// maxForm is the longest form in bytes.
const maxForm = 4096

// withToken lets requests through that have the session's token, which a foreign page cannot
// know.
func (s *Server) withToken(next sessionHandler) sessionHandler {
	return func(w http.ResponseWriter, r *http.Request, by session) {
		r.Body = http.MaxBytesReader(w, r.Body, maxForm)
		err := r.ParseForm()
		if err != nil || subtle.ConstantTimeCompare([]byte(r.PostFormValue("token")), []byte(by.token)) == 0 {
			writeNotice(w, http.StatusForbidden, "The token of the page is missing", "Load the page again and try once more.")
			return
		}
		next(w, r, by)
	}
}

// serveLink opens the page with a link that is good once. It answers with a page that goes on
// by itself, since a browser sends no SameSite=Strict cookie after a redirect that began
// elsewhere.
func (s *Server) serveLink(w http.ResponseWriter, r *http.Request) {
	if r.Method == http.MethodHead { // a program that looks ahead must not use the link up
		return
	}
	if _, ok := s.findSession(r); ok { // the link again, or another one, in a browser that has a session
		s.keys.spendLink(r.PathValue("token"))
		http.Redirect(w, r, "/", http.StatusSeeOther)
		return
	}
	cookie, state := s.keys.useLink(r.PathValue("token"))
	again := "Links are good once, for five minutes. To get another one, type: " + s.sources.Program + " page"
	switch state {
	case linkGood:
		s.noteLook()
		http.SetCookie(w, &http.Cookie{Name: cookieName(r), Value: cookie, Path: "/", HttpOnly: true,
			SameSite: http.SameSiteStrictMode})
		w.Header().Set("Refresh", "0; url=/")
		writeNotice(w, http.StatusOK, "Opening", "The page opens by itself.")
	case linkUsed:
		writeNotice(w, http.StatusGone, "This link was used already", again)
	case linkExpired:
		writeNotice(w, http.StatusGone, "This link is too old", again)
	default:
		writeNotice(w, http.StatusNotFound, "This link is not of this page", again)
	}
}

// serveUnknown answers what is no part of the page.
func (s *Server) serveUnknown(w http.ResponseWriter, _ *http.Request) {
	writeNotice(w, http.StatusNotFound, "There is nothing here", "The page itself is at /.")
}
