package doctor_test

import (
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/signal"
	"slices"
	"strings"
	"syscall"
	"time"

	"github.com/goccy/go-yaml"
)

// cliproxyMain is a double of CLIProxyAPI 7: health, models for its api-keys and
// the list of credentials for its management key, with the ban after five wrong
// ones. Its answers are those recorded of the real server.
func cliproxyMain(args []string) int {
	flags := flag.NewFlagSet("cliproxyapi-double", flag.ExitOnError)
	file := flags.String("config", "", "")
	offered := flags.String("models", "gpt-5,gpt-5-codex-mini", "")
	version := flags.String("version", "7.2.99", "")
	aside := flags.String("aside", "", "")
	overdue := flags.Bool("overdue", false, "")
	hostile := flags.String("hostile", "", "")
	open := flags.Bool("open", false, "")
	anyOrigin := flags.Bool("any-origin", false, "")
	_ = flags.Parse(args)
	opened, err := os.Open(*file)
	if err != nil {
		fmt.Println("failed to load config")
		return 0 // as the real one
	}
	text, err := io.ReadAll(opened)
	var own struct {
		Port   int      `yaml:"port"`
		Keys   []string `yaml:"api-keys"`
		Manage struct {
			Secret string `yaml:"secret-key"`
		} `yaml:"remote-management"`
	}
	if err != nil || yaml.Unmarshal(text, &own) != nil {
		fmt.Println("failed to load config")
		return 0 // as the real one
	}
	wrong := 0
	mux := http.NewServeMux()
	mux.HandleFunc("GET /healthz", func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, `{"status":"ok"}`) })
	mux.HandleFunc("GET /v1/models", func(w http.ResponseWriter, r *http.Request) {
		if key := strings.TrimPrefix(r.Header.Get("Authorization"), "Bearer "); !slices.Contains(own.Keys, key) {
			w.WriteHeader(http.StatusUnauthorized)
			fmt.Fprint(w, `{"error":"Invalid API key"}`)
			return
		}
		listModels(w, strings.Split(*offered, ","))
	})
	mux.HandleFunc("GET /v0/management/auth-files", func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("X-CPA-VERSION", *version)
		switch {
		case own.Manage.Secret == "":
			w.WriteHeader(http.StatusNotFound)
		case wrong >= 5:
			w.WriteHeader(http.StatusForbidden)
			fmt.Fprint(w, `{"error":"IP banned due to too many failed attempts. Try again in 30m0s"}`)
		case r.Header.Get("Authorization") != "Bearer "+own.Manage.Secret:
			wrong++
			w.WriteHeader(http.StatusUnauthorized)
			fmt.Fprint(w, `{"error":"invalid management key"}`)
		default:
			if *hostile != "" {
				beHostile(w, r, *hostile)
				return
			}
			fmt.Fprint(w, credentialList(*aside, *overdue))
		}
	})
	mux.HandleFunc("GET /v0/management/config", func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Authorization") != "Bearer "+own.Manage.Secret {
			w.WriteHeader(http.StatusUnauthorized)
			return
		}
		w.Header().Set("X-CPA-VERSION", *version)
		tellLoaded(w, opened)
	})
	var handler http.Handler = mux
	if *open {
		handler = letEverybodyIn(mux, strings.Split(*offered, ","))
	}
	if *anyOrigin {
		handler = allowAnyOrigin(handler)
	}
	server := &http.Server{Addr: fmt.Sprintf("127.0.0.1:%d", own.Port), Handler: handler, ReadHeaderTimeout: time.Minute}
	leave := make(chan os.Signal, 1)
	signal.Notify(leave, syscall.SIGUSR1) // live on without the port
	go func() {
		<-leave
		_ = server.Close()
	}()
	if err := server.ListenAndServe(); !errors.Is(err, http.ErrServerClosed) {
		fmt.Println(err)
		return 0
	}
	select {}
}

// tellLoaded answers with what the server has loaded: the file that it opened at its start, with
// changes in place but not one that took its place, and without what the real server leaves out.
func tellLoaded(w http.ResponseWriter, opened *os.File) {
	var loaded map[string]any
	text, err := io.ReadAll(io.NewSectionReader(opened, 0, 1<<20))
	if err != nil || yaml.Unmarshal(text, &loaded) != nil {
		w.WriteHeader(http.StatusInternalServerError)
		return
	}
	for _, key := range [...]string{"host", "port", "auth-dir", "remote-management"} {
		delete(loaded, key)
	}
	loaded["ws-auth"] = false // a default, which the file need not have
	_ = json.NewEncoder(w).Encode(loaded)
}

// litellmMain is a double of LiteLLM as far as being alive and listing models:
// the ones given, whatever its configuration says.
func litellmMain(args []string) int {
	flags := flag.NewFlagSet("litellm-double", flag.ExitOnError)
	port := flags.String("port", "", "")
	host := flags.String("host", "127.0.0.1", "")
	served := flags.String("models", "", "")
	open := flags.Bool("open", false, "")
	_ = flags.Parse(args)
	mux := http.NewServeMux()
	mux.HandleFunc("GET /health/readiness", func(w http.ResponseWriter, _ *http.Request) {
		fmt.Fprint(w, `{"status":"healthy","db":"Not connected"}`)
	})
	mux.HandleFunc("GET /v1/models", func(w http.ResponseWriter,
		_ *http.Request) {
		listModels(w, strings.Split(*served, ","))
	})
	var handler http.Handler = mux
	if *open {
		handler = letEverybodyIn(mux, strings.Split(*served, ","))
	}
	fmt.Println(http.ListenAndServe(*host+":"+*port, handler))
	return 0
}

// letEverybodyIn makes every mistake that security-check -probe looks for: no
// key, any spelling of a path, any origin with credentials, open management.
func letEverybodyIn(next http.Handler, models []string) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if origin := r.Header.Get("Origin"); origin != "" {
			w.Header().Set("Access-Control-Allow-Origin", origin)
			w.Header().Set("Access-Control-Allow-Credentials", "true")
		}
		path := strings.ToLower(strings.TrimRight(r.URL.Path, "/\x00"))
		switch {
		case strings.HasSuffix(path, "models"):
			listModels(w, models)
		case strings.HasSuffix(path, "completions"), strings.HasPrefix(path, "/v0/management/"):
			fmt.Fprint(w, "{}")
		default:
			next.ServeHTTP(w, r)
		}
	})
}

// allowAnyOrigin answers preflight requests and allows every origin, without
// credentials, as the real CLIProxyAPI does.
func allowAnyOrigin(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Access-Control-Allow-Origin", "*")
		if r.Method == http.MethodOptions {
			w.WriteHeader(http.StatusNoContent)
			return
		}
		next.ServeHTTP(w, r)
	})
}

func listModels(w http.ResponseWriter, names []string) {
	type model struct {
		ID string `json:"id"`
	}
	list := struct {
		Data []model `json:"data"`
	}{}
	for _, name := range names {
		list.Data = append(list.Data, model{name})
	}
	_ = json.NewEncoder(w).Encode(list)
}

// credentialList is what /auth-files answers: one account that was set aside.
// overdue says that the wait of the credential is over.
func credentialList(name string, overdue bool) string {
	if name == "" {
		return `{"files":[]}`
	}
	wait := time.Hour
	if overdue {
		wait = -24 * time.Hour
	}
	return fmt.Sprintf(`{"files":[{"id":%[1]q,"name":%[1]q,"auth_index":"a42ae2a9f932510a","type":"codex","provider":"codex","status":"error","status_message":"usage_limit_reached","disabled":false,"unavailable":true,"failed":1,"next_retry_after":%[2]q}]}`,
		name, time.Now().Add(wait).Format(time.RFC3339))
}

// beHostile answers the list of credentials so as to do harm: without end, a
// byte at a time, or with ten thousand accounts that hold the key it was sent
// and a title for the terminal.
func beHostile(w http.ResponseWriter, r *http.Request, how string) {
	w.Header().Set("X-CPA-VERSION", strings.Repeat("9", 100<<10))
	switch how {
	case "endless":
		for r.Context().Err() == nil {
			_, _ = w.Write([]byte(strings.Repeat("[", 64<<10)))
		}
	case "drip":
		for tick := time.Tick(50 * time.Millisecond); r.Context().Err() == nil; <-tick {
			_, _ = w.Write([]byte("["))
			w.(http.Flusher).Flush()
		}
	default:
		one := fmt.Sprintf(`{"name":"a\u001b]0;owned\u0007","status":"error","status_message":"%s \u001b[2J%s"}`,
			strings.TrimPrefix(r.Header.Get("Authorization"), "Bearer "), strings.Repeat("x", 300))
		fmt.Fprintf(w, `{"files":[%s%s]}`, one, strings.Repeat(","+one, 9_999))
	}
}
