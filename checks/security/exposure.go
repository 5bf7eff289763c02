package security

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"strings"

	"github.com/samber/lo"

	"github.com/flowgate-go/flowgate/checks"
	"github.com/flowgate-go/flowgate/internal/config"
	"github.com/flowgate-go/flowgate/internal/report"
)

// exposureChecks returns the checks that send requests; none without Options.Probe.
func (s *audit) exposureChecks() []checks.Check {
	if !s.options.Probe {
		return nil
	}
	return []checks.Check{
		s.exposureAddresses(), s.exposureKeys(), s.exposureHeaders(),
		s.exposureOrigin(), s.exposurePaths(), s.exposureManagement(),
	}
}

func (s *audit) exposureAddresses() checks.Check {
	return checks.Check{
		ID: "exposure.addresses", Title: "Services do not listen on other addresses of this machine",
		Run: func(ctx context.Context) checks.Outcome {
			return s.probeServices(ctx, func(p *prober, running []config.Service) checks.Outcome {
				for _, svc := range running {
					for _, ip := range p.otherAddresses() {
						p.send(
							ctx,
							attempt{
								Service: svc.Name,
								Address: net.JoinHostPort(ip, fmt.Sprint(svc.Port)),
								Path:    "/",
								What:    "connect from another address",
							},
							acceptsNoReply,
						)
					}
				}
				return p.outcome(
					"answer at another address than loopback",
					"write host: 127.0.0.1 for the service, and in CLIProxyAPI's own file",
				)
			})
		},
	}
}

// probeBody is a request for a completion of one token.
const probeBody = `{"model":"router-default","max_tokens":1,"messages":[{"role":"user","content":"x"}]}`

// wrongKeys are keys that must not open anything.
var wrongKeys = [...]struct{ what, key string }{
	{"no key", ""}, {"a sample key", "sk-1234"}, {"a sample key", "your-api-key-1"}, {"a sample key", "changeme"},
	{"a wrong key", "sk-flowgate-probe-with-a-wrong-key"},
}

func (s *audit) exposureKeys() checks.Check {
	return checks.Check{
		ID: "exposure.keys", Title: "Nothing is served without the right key",
		Run: func(ctx context.Context) checks.Outcome {
			return s.probeServices(ctx, func(p *prober, running []config.Service) checks.Outcome {
				for _, svc := range running {
					for _, k := range wrongKeys {
						a := attempt{Service: svc.Name, Address: p.addressOf(svc), What: k.what, header: bearerHeader(k.key)}
						a.Path = "/v1/models"
						p.send(ctx, a, isRefusal)
						a.Method, a.Path, a.body = http.MethodPost, "/v1/chat/completions", probeBody
						p.send(ctx, a, isRefusal)
					}
				}
				return p.outcome("answer without the right key", "give it a key: general_settings.master_key_ref, api-keys")
			})
		},
	}
}

// bearerHeader returns the header that carries a key; an empty one without a key.
func bearerHeader(key string) http.Header {
	if key == "" {
		return http.Header{}
	}
	return http.Header{"Authorization": {"Bearer " + key}}
}

func (s *audit) exposureHeaders() checks.Check {
	return checks.Check{
		ID: "exposure.headers", Title: "No header replaces the key",
		Run: func(ctx context.Context) checks.Outcome {
			return s.probeServices(ctx, func(p *prober, running []config.Service) checks.Outcome {
				for _, svc := range running {
					for name, value := range map[string]string{
						"X-Forwarded-For": "127.0.0.1", "X-Real-Ip": "::1", "Forwarded": "for=127.0.0.1", "X-Forwarded-Host": "localhost",
						"X-Original-Url": "/health/readiness", "Host": "rebound.example",
					} {
						p.send(
							ctx,
							attempt{
								Service: svc.Name,
								Address: p.addressOf(svc),
								Path:    "/v1/models",
								What:    name + ": " + value,
								header:  http.Header{name: {value}},
							},
							isRefusal,
						)
					}
				}
				return p.outcome("believe a header", "take the service off the network: it believes what callers say of themselves")
			})
		},
	}
}

func (s *audit) exposureOrigin() checks.Check {
	return checks.Check{
		ID: "exposure.origin", Title: "No web page may read a service's answers",
		Run: func(ctx context.Context) checks.Outcome {
			return s.probeServices(ctx, func(p *prober, running []config.Service) checks.Outcome {
				var served, allowing []string
				for _, svc := range running {
					for _, method := range []string{http.MethodGet, http.MethodOptions} {
						p.send(ctx, foreignPageRequest(svc.Name, p.addressOf(svc), method), func(r *http.Response, _ string) bool {
							allowed := r.Header.Get("Access-Control-Allow-Origin")
							if allowed == "*" || allowed == foreignOrigin {
								allowing = append(allowing, svc.Name)
								if method == http.MethodGet && !isRefusal(r, "") {
									served = append(served, svc.Name)
								}
							}
							return allowed == "" || r.Header.Get("Access-Control-Allow-Credentials") != "true"
						})
					}
				}
				return p.judgeOrigins(allowing, served)
			})
		},
	}
}

// foreignOrigin is the origin of a web page that has nothing to do with the stack.
const foreignOrigin = "https://page.example"

// foreignPageRequest returns the request that a browser sends for a page of foreignOrigin.
func foreignPageRequest(service, address, method string) attempt {
	return attempt{
		Service: service,
		Address: address,
		Method:  method,
		Path:    "/v1/models",
		What:    method + " of a foreign page",
		header: http.Header{
			"Origin":                         {foreignOrigin},
			"Access-Control-Request-Method":  {"GET"},
			"Access-Control-Request-Headers": {"authorization"},
		},
	}
}

// judgeOrigins returns the outcome of the requests of foreign pages. It also warns when a
// service that allows foreign pages served one without a key.
func (p *prober) judgeOrigins(allowing, served []string) checks.Outcome {
	o := p.outcome("let foreign pages in with credentials", "turn CORS off, or name the origins")
	switch {
	case o.Status != report.Pass || len(allowing) == 0:
	case len(served) > 0:
		o.Status = report.Warn
		o.Detail = probeDetail{
			strings.Join(served, ", ") + " lets pages of every origin read its answers, and answers without a key",
			p.attempts,
		}
		o = o.WithFix("", "give it a key: general_settings.master_key_ref, api-keys")
	default:
		o.Detail = probeDetail{
			strings.Join(lo.Uniq(allowing), ", ") +
				" lets pages of every origin read its answers, and refuses those without a key",
			p.attempts,
		}
	}
	return o
}

func (s *audit) exposurePaths() checks.Check {
	return checks.Check{
		ID: "exposure.paths", Title: "No spelling of a path avoids the key",
		Run: func(ctx context.Context) checks.Outcome {
			return s.probeServices(ctx, func(p *prober, running []config.Service) checks.Outcome {
				for _, svc := range running {
					for _, path := range []string{
						"//v1/models", "/v1//models", "/v1/./models",
						"/health/../v1/models", "/health/readiness/../../v1/models",
						"/%2e%2e/v1/models", "/v1/models/",
						"/V1/MODELS", "/v1%2fmodels", "/health/readiness;/../v1/models", "/v1/models%00", "/healthz/..%2fv1/models",
					} {
						p.send(
							ctx,
							attempt{Service: svc.Name, Address: p.addressOf(svc), Path: path, What: "another spelling"},
							listsNoModels,
						)
					}
				}
				return p.outcome("serve what a key should open", "report it to the service's authors, and keep it on loopback")
			})
		},
	}
}

func (s *audit) exposureManagement() checks.Check {
	return checks.Check{
		ID: "exposure.management", Title: "Accounts cannot be managed without the key",
		Run: func(ctx context.Context) checks.Outcome {
			return s.probeServices(ctx, func(p *prober, running []config.Service) checks.Outcome {
				running = lo.Filter(running, func(svc config.Service, _ int) bool {
					return svc.Name == config.CLIProxy && svc.Runtime != config.RuntimeEcho
				})
				if len(running) == 0 {
					return checks.Skipped("the upstream is not CLIProxyAPI")
				}
				p.send(
					ctx,
					attempt{Service: running[0].Name, Address: p.addressOf(running[0]), Path: "/v0/management/config", What: "no key"},
					isRefusal,
				)
				return p.outcome("answer to the management interface without a key", "set remote-management.secret-key")
			})
		},
	}
}

// isRefusal reports whether a reply serves nothing. A redirect is a refusal: it was not
// followed.
func isRefusal(r *http.Response, _ string) bool { return r.StatusCode >= 300 }

// acceptsNoReply accepts no reply: only a refused connection is right, which send judges
// itself.
func acceptsNoReply(*http.Response, string) bool { return false }

// listsNoModels reports whether a reply does not list models.
func listsNoModels(r *http.Response, body string) bool {
	return r.StatusCode != http.StatusOK || !strings.Contains(body, `"data"`)
}
