package doctor_test

import (
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/flowgate-go/flowgate/internal/rightstest"
	"github.com/flowgate-go/flowgate/internal/tcp/tcptest"
)

// breakages are one for every check, in the order of the checks.
func breakages() []breakage {
	return append(files(), append(runtimesAndProfile(),
		append(processes(), append(upstream(), append(accounts(), append(policyOnes(),
			append(clients(), environment()...)...)...)...)...)...)...)
}

func files() []breakage {
	return []breakage{
		{check: "config.readable", how: "a folder in the place of flowgate.yaml", fix: "config/flowgate.yaml",
			harm: func(s *stack) func() {
				s.shell("mv " + settings + " aside && mkdir " + settings)
				return func() { s.shell("rmdir " + settings + " && mv aside " + settings) }
			}},
		{check: "config.valid", how: "a misspelt key", fix: "mage config:validate",
			harm: editFile(settings, "    port:", "    prot:")},
		{check: "config.current", command: true, how: "a key under its old name", fix: "mage config:migrate",
			harm: func(s *stack) func() {
				s.edit(settings, "    depends_on:", "    health_path: /health/readiness\n    depends_on:")
				return nil
			}},
		{check: "config.settings", how: "cooldown_time under litellm_settings", fix: "move or remove", from: prepare,
			also: []string{"settings.honoured"}, // the profile has one under router_settings, which wins
			harm: editFile(settings, "    request_timeout: 600", "    cooldown_time: 5\n    request_timeout: 600")},
		{check: "config.environment", how: "services.litellm.env reads a variable that is not set",
			fix: "export FLOWGATE_TEST_VARIABLE", from: prepare,
			harm: func(s *stack) func() {
				s.edit(settings, "    depends_on:", "    env: {X: \"${FLOWGATE_TEST_VARIABLE}\"}\n    depends_on:")
				return func() { s.env = append(s.env, "FLOWGATE_TEST_VARIABLE=x") }
			}},
		{check: "folder.present", how: "the folder of credentials is gone", fix: "mage doctor -fix",
			harm: typeCommand("rmdir .router/auths")},
		{check: "folder.private", how: "the runtime folder is open to others", fix: "chmod go-rwx .router/runtime",
			harm: typeCommand("chmod 755 .router/runtime")},
		{check: "folder.writable", how: "the runtime folder is read-only", fix: "df -h", from: prepare,
			needs: rightstest.Ordinary, harm: readOnly},
		{check: "folder.space", how: "a disk of 20 MB", fix: "free some space", from: prepare, needs: rightstest.Mount,
			harm: smallDisk},
		{check: "folder.ignored", how: "the lines in .gitignore are gone", fix: "mage doctor -fix",
			harm: typeCommand(": > .gitignore")},
		{check: "keys.present", how: "a key file is empty", fix: "one line",
			harm: func(s *stack) func() {
				key := s.read(".router/secrets/upstream.key")
				s.write(".router/secrets/upstream.key", "")
				return func() { s.write(".router/secrets/upstream.key", key) }
			}},
		{check: "keys.private", how: "a key file is readable for others", fix: "chmod go-rwx .router/secrets/gateway.key",
			harm: typeCommand("chmod 644 .router/secrets/gateway.key")},
		{check: "usage.ledger", how: "the usage ledger is damaged", fix: "mage restart litellm", from: prepare,
			harm: func(s *stack) func() {
				s.write(".router/usage/requests.db", strings.Repeat("damaged ", 1024))
				return func() { s.shell("rm -r .router/usage") }
			}},
		{check: "keys.named", how: "the file of the named keys is torn", fix: "restore the file", from: prepare,
			harm: func(s *stack) func() {
				s.write(".router/secrets/client-keys.json", `{"version":1,"keys":[`)
				return func() { s.shell("rm .router/secrets/client-keys.json") }
			}},
	}
}

func runtimesAndProfile() []breakage {
	return []breakage{
		{check: "runtimes.installed", how: "the router's command names a program that is not there", fix: "install it",
			from: prepare,
			also: []string{"profile.current"}, // the embedded router's file holds settings that a command's lacks
			harm: func(s *stack) func() {
				missing := filepath.Join(s.dir, "no", "such", "litellm")
				return editFile(settings, "    runtime: embedded", "    command: {args: ["+missing+"]} #")(s)
			}},
		{check: "runtimes.architecture", how: "the router's program is for another processor", fix: "install it for",
			from: prepare,
			also: []string{"profile.current"},
			harm: func(s *stack) func() {
				// An ELF header of 64 bytes, little endian, for IBM's S/390.
				head := append([]byte("\x7fELF\x02\x01\x01"), make([]byte, 57)...)
				head[16], head[18], head[20], head[52] = 2, 22, 1, 64
				s.program("router", string(head))
				return editFile(settings, "    runtime: embedded", "    command: {args: ["+s.path("router")+"]} #")(s)
			}},
		{check: "runtimes.digest", how: "a byte of an installed program was changed", fix: "bootstrap cliproxyapi -version=",
			from: withInstall,
			harm: func(s *stack) func() { return editFile(s.installed, "#!/bin/sh", "#!/bin/sh -e")(s) }},
		{check: "runtimes.good", how: "LiteLLM 1.82.7, which sends credentials away", fix: "mage stop", from: withVenv,
			harm: func(s *stack) func() {
				const packages = ".venv/lib/python3.11/site-packages/"
				s.shell("mv " + packages + "litellm-1.106.2.dist-info " + packages + "litellm-1.82.7.dist-info")
				return func() {
					s.shell("mv " + packages + "litellm-1.82.7.dist-info " + packages + "litellm-1.106.2.dist-info")
				}
			}},
		{check: "runtimes.outdated", how: "a newer version was released", fix: "mage bootstrap:update cliproxyapi",
			from: withInstall,
			harm: func(s *stack) func() {
				const latest = ".router/store/cliproxyapi/latest.json"
				s.write(latest, `{"name":"cliproxyapi","latest":"7.3.0","checked_at":"2026-01-01T00:00:00Z"}`)
				return func() { s.edit(latest, "7.3.0", "7.2.99") } // as if it were installed
			}},
		{check: "litellm.python", how: "LiteLLM's environment has Python 3.9", fix: "another Python", from: withVenv,
			harm: editFile(".venv/pyvenv.cfg", "3.11.7", "3.9.1")},
		{check: "litellm.prisma", command: true, how: "prisma is not beside LiteLLM", fix: "pip install prisma",
			from: withVenv, harm: typeCommand("rm -r .venv/lib/python3.11/site-packages/prisma")},
		{check: "services.dotenv", how: "a .env in LiteLLM's working folder", fix: "move it away", from: withRouter,
			harm: func(s *stack) func() {
				s.write("work/.env", "OPENAI_API_KEY=x\n")
				return func() { s.shell("rm work/.env") }
			}},
		{check: "litellm.include", how: "include in litellm_base", fix: "move what it holds", from: prepare,
			harm: func(s *stack) func() {
				s.write("config/more.yaml", "model_list: []\n")
				return changeFile(settings, "  general_settings:\n    master_key_ref",
					"  include: [more.yaml]\n  general_settings:\n    master_key_ref")(s)
			}},
		{check: "profile.state", command: true, how: "the profile in force is gone from the configuration",
			fix: "mage profile:set balanced",
			harm: func(s *stack) func() {
				s.write(".router/runtime/state.json", `{"current_profile":"frugal"}`)
				return nil
			}},
		{check: "profile.active", how: "the generated configuration is gone", fix: "mage profile:set balanced", from: prepare,
			harm: typeCommand("rm .router/runtime/litellm.active.yaml")},
		{check: "profile.current", command: true, how: "flowgate.yaml was changed after the start",
			fix: "mage profile:set balanced",
			harm: func(s *stack) func() {
				s.edit(settings, "request_timeout: 600", "request_timeout: 601")
				return nil
			}},
	}
}

func processes() []breakage {
	return []breakage{
		{check: "supervisor.answers", how: "the supervisor hangs (SIGSTOP)", fix: "supervisor.log",
			harm: func(s *stack) func() {
				pid := s.pid("supervisor")
				s.signal(pid, syscall.SIGSTOP)
				return func() { s.signal(pid, syscall.SIGCONT) }
			}},
		{check: "supervisor.current", how: "the supervisor is of an older version", fix: "mage supervisor:upgrade",
			harm: olderSupervisor},
		{check: "processes.stale", how: "a pid file of a process that is gone", fix: "mage doctor -fix",
			harm: func(s *stack) func() {
				s.write(".router/runtime/litellm.pid", strconv.Itoa(endedProcess(s.t))+"\n")
				return nil
			}},
		{check: "processes.orphaned", command: true, how: "kill -9 of the supervisor", fix: "mage start",
			harm: func(s *stack) func() {
				pid := s.pid("supervisor")
				s.signal(pid, syscall.SIGKILL)
				await(s.t, "the supervisor's end", func() bool { return syscall.Kill(pid, 0) != nil })
				return nil
			}},
		{check: "processes.crashing", how: "kill -9 of the router, three times", fix: "mage logs litellm",
			harm: func(s *stack) func() {
				for range 3 {
					before := s.pid("litellm")
					s.signal(before, syscall.SIGKILL)
					await(s.t, "the router's return", func() bool {
						out, err := s.runMage("health", "-jq", `.data.services[]|select(.name=="litellm").pid`)
						return err == nil && strings.TrimSpace(string(out)) != strconv.Itoa(before)
					})
				}
				return func() { s.write(".router/runtime/events.log", "") } // an hour later
			}},
		{check: "ports.available", how: "a stranger listens on the router's port", fix: "ps -o", from: prepare,
			harm: func(s *stack) func() {
				l, err := net.Listen("tcp", fmt.Sprintf("127.0.0.1:%d", s.port))
				if err != nil {
					s.t.Fatal(err)
				}
				return func() { _ = l.Close() }
			}},
		{check: "ports.distinct", how: "CLIProxyAPI's own file has the router's port", fix: "different ports",
			from: withUpstreamDown, also: []string{"cliproxy.config"},
			harm: func(s *stack) func() {
				return editFile("config/cliproxyapi.yaml", fmt.Sprintf("port: %d", s.upPort), fmt.Sprintf("port: %d", s.port))(s)
			}},
		{check: "ports.loopback", how: "the router listens on 0.0.0.0", fix: "host: 127.0.0.1", from: prepare,
			harm: editFile(settings, "host: 127.0.0.1\n    port: ", "host: 0.0.0.0\n    port: ")},
		{check: "readiness.free", how: "readiness_path: /health", fix: "readiness_path: /health/readiness", from: prepare,
			harm: editFile(settings, "    depends_on:", "    readiness_path: /health\n    depends_on:")},
		{check: "services.live", command: true, how: "one of two services is stopped", fix: "mage start litellm",
			harm: typeCommand("mage stop litellm")},
		{check: "services.current", how: "the router's port was changed while it runs", fix: "mage restart litellm",
			also: []string{"services.ready"},
			harm: func(s *stack) func() {
				return editFile(settings, fmt.Sprintf("port: %d\n", s.port), fmt.Sprintf("port: %d\n", tcptest.FreePort(s.t)))(s)
			}},
		{check: "services.ready", command: true, how: "the router hangs (SIGSTOP)", fix: "mage restart litellm",
			harm: func(s *stack) func() {
				s.signal(s.pid("litellm"), syscall.SIGSTOP)
				return nil
			}},
	}
}

func upstream() []breakage {
	const own = "config/cliproxyapi.yaml"
	return []breakage{
		{check: "cliproxy.config", how: "another port in CLIProxyAPI's own file", fix: "same port", from: withUpstream,
			harm: func(s *stack) func() {
				return editFile(own, fmt.Sprintf("port: %d", s.upPort), fmt.Sprintf("port: %d", s.upPort+5000))(s)
			}},
		{check: "cliproxy.keys", how: "a sample key in api-keys", fix: "random key", from: withUpstream,
			also: []string{"stack.key"},
			harm: func(s *stack) func() {
				return editFile(own, strings.TrimSpace(s.read(".router/secrets/upstream.key")), "your-api-key-1")(s)
			}},
		{check: "cliproxy.headers", how: "passthrough-headers is off", fix: "passthrough-headers: true", from: withUpstream,
			harm: editFile(own, "passthrough-headers: true", "passthrough-headers: false")},
		{check: "cliproxy.folder", how: "no auth-dir", fix: "write auth-dir", from: withUpstream,
			harm: editFile(own, "auth-dir: ", "# auth-dir: ")},
		{check: "cliproxy.reachable", command: true, how: "CLIProxyAPI hangs (SIGSTOP)", fix: "mage restart cliproxyapi_plus",
			from: withUpstream, also: []string{"services.ready"},
			harm: func(s *stack) func() {
				s.signal(s.pid("cliproxyapi_plus"), syscall.SIGSTOP)
				return nil
			}},
		{check: "cliproxy.management", how: "another management key", fix: "management.key", from: withUpstream,
			harm: func(s *stack) func() {
				key := s.read(".router/secrets/management.key")
				s.write(".router/secrets/management.key", "sk-another-key-0123456789\n")
				return func() { s.write(".router/secrets/management.key", key) }
			}},
		{check: "cliproxy.current", command: true, how: "CLIProxyAPI's own file was replaced, and the server has the old one",
			fix: "mage restart cliproxyapi_plus", from: withUpstream, also: []string{"cliproxy.config"},
			harm: func(s *stack) func() {
				s.shell("sed -i 's/^debug: false/debug: true/' " + own)
				return nil
			}},
		{check: "cliproxy.version", command: true, how: "a newer version was installed and not started",
			fix: "mage restart cliproxyapi_plus", from: withStore,
			harm: func(s *stack) func() {
				s.install("7.3.0")
				return nil
			}},
		{check: "stack.address", how: "api_base names a port where no process listens",
			fix: "write api_base: http://127.0.0.1:", from: prepare,
			harm: func(s *stack) func() {
				return changeFile(settings, fmt.Sprintf("127.0.0.1:%d/v1", s.upPort), "127.0.0.1:1/v1")(s)
			}},
		{check: "stack.key", how: "CLIProxyAPI takes another key", fix: "the same key", from: withUpstream,
			harm: func(s *stack) func() {
				return editFile(own, strings.TrimSpace(s.read(".router/secrets/upstream.key")), "sk-another-key-0123456789")(s)
			}},
		{check: "stack.models", how: "CLIProxyAPI has lost a model", fix: "sign in", from: withUpstream,
			harm: func(s *stack) func() {
				s.edit(settings, "-models=router-default,router-cheap", "-models=router-default")
				s.mage("restart")
				return func() {
					s.edit(settings, "-models=router-default", "-models=router-default,router-cheap")
					s.mage("restart")
				}
			}},
		{check: "stack.environment", command: true, how: "a key was exported after the start", fix: "mage restart litellm",
			also: []string{"profile.current"},
			harm: func(s *stack) func() {
				s.edit(settings, "file: ../.router/secrets/upstream.key", "env: FLOWGATE_TEST_KEY")
				s.env = append(s.env, "FLOWGATE_TEST_KEY="+strings.TrimSpace(s.read(".router/secrets/upstream.key")))
				return nil
			}},
		{check: "models.served", how: "LiteLLM dropped a deployment at load", fix: "mage logs litellm", from: withRouter,
			harm: func(s *stack) func() {
				s.edit(settings, "-models=router-default,router-cheap", "-models=router-default")
				s.mage("restart")
				return func() {
					s.edit(settings, "-models=router-default", "-models=router-default,router-cheap")
					s.mage("restart")
				}
			}},
	}
}

func accounts() []breakage {
	const codex = ".router/auths/codex-ada@example.com.json"
	return []breakage{
		{check: "credentials.present", how: "a configured provider has no credential", fix: "mage auth:login codex",
			from: withUpstreamDown,
			harm: func(s *stack) func() {
				return editFile(settings, "# Where secrets are",
					"auth: {providers: {codex: {method: management}}}\n# Where secrets are")(s)
			}},
		{check: "credentials.parsable", how: "a truncated credential file", fix: "mage auth:status", from: withAccount,
			harm: func(s *stack) func() {
				whole := s.read(codex)
				s.write(codex, whole[:len(whole)/2])
				return func() { s.write(codex, whole) }
			}},
		{check: "credentials.private", how: "a credential file is readable for others", fix: "chmod go-rwx " + codex,
			from: withAccount, harm: typeCommand("chmod 644 " + codex)},
		{check: "credentials.fresh", how: "an expired token without a refresh token", fix: "auth:login", from: withAccount,
			harm: func(s *stack) func() { return s.credential("rt-1", "", time.Hour*24*9, -time.Hour) }},
		{check: "credentials.renewable", how: "a token that ends in an hour, without a refresh token", fix: "auth:login",
			from: withAccount,
			harm: func(s *stack) func() { return s.credential("rt-1", "", time.Hour*24*9, time.Hour) }},
		{check: "credentials.shared", how: "a second file holds the same refresh token", fix: "once more", from: withAccount,
			harm: func(s *stack) func() {
				s.write(".router/auths/.trash/codex-ada.json", s.read(codex))
				return func() { s.shell("rm -r .router/auths/.trash") }
			}},
		{check: "cooldown.stale", how: "a credential rests although its wait was over a day ago", fix: "mage restart cliproxyapi_plus",
			from: withUpstream, also: []string{"credentials.usable"},
			harm: func(s *stack) func() {
				s.edit(settings, `"-models=router-default`, `"-aside=codex-ada.json", "-overdue", "-models=router-default`)
				s.mage("restart")
				return func() {
					s.edit(settings, `"-aside=codex-ada.json", "-overdue", `, "")
					s.mage("restart")
				}
			}},
		{check: "credentials.usable", how: "the server has set an account aside", fix: "mage auth:status -live",
			from: withUpstream,
			harm: func(s *stack) func() {
				s.edit(settings, `"-models=router-default`, `"-aside=codex-ada.json", "-models=router-default`)
				s.mage("restart")
				return func() {
					s.edit(settings, `"-aside=codex-ada.json", `, "")
					s.mage("restart")
				}
			}},
	}
}

func policyOnes() []breakage {
	return []breakage{
		{check: "deployments.available", how: "the upstream of a group's only deployment answers 429 with Retry-After: 600",
			fix: "mage logs litellm", from: withLimited,
			harm: func(s *stack) func() {
				s.ask("limited", http.StatusTooManyRequests)
				return func() { s.mage("restart", "litellm") }
			}},
		{check: "quota.left", how: "a subscription's window is nearly used up an hour after it began", fix: "mage quota:show",
			from: func(s *stack) { withSubscription(s, "10") },
			harm: func(s *stack) func() {
				s.subscription.Store("90")
				s.ask("subscription", http.StatusOK)
				return func() {
					s.subscription.Store("2") // it was reset
					s.mage("restart", "litellm")
					s.ask("subscription", http.StatusOK)
				}
			}},
		{check: "deployments.distinct", how: "a deployment twice in model_list", fix: "take one out", from: prepare,
			harm: func(s *stack) func() {
				twin := fmt.Sprintf("    - model_name: router-cheap\n      litellm_params:\n        model: openai/router-cheap\n  "+
					"      api_base: http://127.0.0.1:%d/v1\n        api_key_ref: upstream\n", s.upPort)
				return changeFile(settings, "  general_settings:\n    master_key_ref",
					twin+"  general_settings:\n    master_key_ref")(s)
			}},
		{check: "routing.strategy", how: "a misspelt routing strategy", fix: "simple-shuffle", from: prepare,
			harm: changeFile(settings, "simple-shuffle", "simple-shufle")},
		{check: "fallbacks.known", how: "a fallback to a group that does not exist", fix: "correct the name", from: prepare,
			harm: changeFile(settings, "router-default: [router-cheap]", "router-default: [router-chaep]")},
		{check: "fallbacks.loop", how: "two groups that fall back to each other", fix: "take one", from: prepare,
			harm: changeFile(settings, "        - router-default: [router-cheap]\n",
				"        - router-default: [router-cheap]\n        - router-cheap: [router-default] #\n")},
		{check: "settings.effective", how: "allowed_fails: 3 with LiteLLM", fix: "write 2 or 4", from: withVenv,
			harm: changeFile(settings, "allowed_fails: 2", "allowed_fails: 3 #")},
		{check: "settings.known", how: "num_retrys", fix: "correct the keys", from: prepare,
			also: []string{"settings.honoured"},
			harm: changeFile(settings, "num_retries: 2", "num_retrys: 2")},
		{check: "settings.honoured", how: "a setting that the embedded router does not have", fix: "config:check", from: prepare,
			harm: changeFile(settings, "num_retries: 2", "num_retries: 2\n      cache: true")},
		{check: "router.redis", how: "nobody listens at redis_host", fix: "mage logs litellm", from: withUpstream,
			harm: func(s *stack) func() {
				s.edit(settings, "routing_strategy: simple-shuffle", "routing_strategy: simple-shuffle\n    redis_host: 127.0.0.1\n    redis_port: 1")
				s.mage("restart")
				return func() {
					s.edit(settings, "\n    redis_host: 127.0.0.1\n    redis_port: 1", "")
					s.mage("restart")
				}
			}},
		{check: "providers.known", how: "a misspelt provider with LiteLLM", fix: "openai/NAME", from: withVenv,
			harm: changeFile(settings, "openai/router-cheap", "opneai/router-cheap")},
	}
}

func environment() []breakage {
	return []breakage{
		{check: "upstream.reachable", how: "an upstream that does not speak TLS", fix: "check the name", from: prepare,
			flags: []string{"-online"}, harm: plainUpstream},
		{check: "clock.right", how: "upstreams say another time", fix: "set the clock", from: prepare,
			flags: []string{"-online"}, harm: skewedUpstream},
		{check: "environment.proxy", how: "HTTP_PROXY without NO_PROXY", fix: "export NO_PROXY=",
			harm: func(s *stack) func() {
				s.env = append(s.env, "HTTP_PROXY=http://127.0.0.1:1")
				return func() { s.env = append(s.env, "NO_PROXY=127.0.0.1,localhost,::1") }
			}},
		{check: "environment.files", how: "ulimit -n 200", fix: "ulimit -n", harm: func(s *stack) func() {
			s.before = "ulimit -Sn 200; "
			return func() { s.before = "" }
		}},
		{check: "environment.go", how: "Go 1.20 on PATH", fix: "newer Go", harm: func(s *stack) func() {
			s.program("old/bin/go", "#!/bin/sh\n")
			s.write("old/VERSION", "go1.20.3\ntime 2023-03-31\n")
			s.env = append(s.env, "PATH="+s.path("old/bin")+":"+os.Getenv("PATH"))
			return func() { s.env = append(s.env, "PATH="+os.Getenv("PATH")) }
		}},
		{check: "environment.mage", how: "an older mage on PATH", fix: "go install github.com/magefile/mage@",
			harm: olderMage},
	}
}

// withLimited has a group whose only deployment is always over its limit.
func withLimited(s *stack) {
	limited := fmt.Sprintf("    - model_name: limited\n      litellm_params:\n        model: openai/fail-429-ra600\n     "+
		"   api_base: http://127.0.0.1:%d/v1\n        api_key_ref: upstream\n", s.upPort)
	s.edit(settings, "  general_settings:\n    master_key_ref", limited+"  general_settings:\n    master_key_ref")
	s.mage("start")
}

// withSubscription adds the group subscription, whose upstream says in its headers that a share
// of a window of five hours, which began an hour ago, is used.
func withSubscription(s *stack, percent string) {
	s.subscription.Store(percent)
	upstream := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("X-Codex-Primary-Used-Percent", s.subscription.Load().(string))
		w.Header().Set("X-Codex-Primary-Window-Minutes", "300")
		w.Header().Set("X-Codex-Primary-Reset-After-Seconds", strconv.Itoa(4*3600))
		w.Header().Set("Content-Type", "application/json")
		_, _ = w.Write([]byte(`{"model":"m","choices":[{"index":0,"message":{"role":"assistant","content":"hi"}}]}`))
	}))
	s.t.Cleanup(upstream.Close)
	group := fmt.Sprintf("    - model_name: subscription\n      litellm_params: {model: openai/m, api_base: %q, "+
		"api_key_ref: upstream}\n", upstream.URL+"/v1")
	s.edit(settings, "  general_settings:\n    master_key_ref", group+"  general_settings:\n    master_key_ref")
	s.mage("start")
	s.ask("subscription", http.StatusOK)
}

// ask sends the router one request for model and wants that status.
func (s *stack) ask(model string, status int) {
	s.t.Helper()
	req, err := http.NewRequestWithContext(s.t.Context(), http.MethodPost,
		fmt.Sprintf("http://127.0.0.1:%d/v1/chat/completions", s.port),
		strings.NewReader(`{"model":"`+model+`","messages":[{"role":"user","content":"hi"}]}`))
	if err != nil {
		s.t.Fatal(err)
	}
	req.Header.Set("Authorization", "Bearer "+strings.TrimSpace(s.read(".router/secrets/gateway.key")))
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		s.t.Fatal(err)
	}
	defer res.Body.Close()
	if res.StatusCode != status {
		s.t.Fatalf("%s: %d", model, res.StatusCode)
	}
}
