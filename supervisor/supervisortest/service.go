package supervisortest

import (
	"encoding/json"
	"flag"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"os/signal"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"time"
)

// behaviour is what the flags tell a service to do.
type behaviour struct {
	port                   string
	wait                   time.Duration
	await                  string
	exit, status           int
	notReadyIf, statusFrom string
	deaf, fork, child      bool
	crash                  time.Duration
	say, env               string
	flood                  flood
	chatter, daemonize     bool
	answer, wantKey, reads string
	unwritten              chat
}

// parse sets the behaviour from the flags of a service.
func (b *behaviour) parse(args []string) error {
	flags := flag.NewFlagSet("service", flag.ContinueOnError)
	flags.StringVar(&b.port, "port", "", "listen here; empty: nowhere")
	flags.DurationVar(&b.wait, "wait", 0, "before listening")
	flags.StringVar(&b.await, "await", "", "a file that must exist before listening")
	flags.IntVar(&b.exit, "exit", -1, "end with this status in place of listening")
	flags.IntVar(&b.status, "status", 200, "what /ready answers")
	flags.StringVar(&b.notReadyIf, "notreadyif", "", "answer 503 while this file exists")
	flags.BoolVar(&b.deaf, "deaf", false, "ignore SIGTERM")
	flags.DurationVar(&b.crash, "crash", 0, "end with status 7 this long after the first answer")
	flags.BoolVar(&b.fork, "fork", false, "start a grandchild that ignores SIGTERM")
	flags.BoolVar(&b.child, "child", false, "let a child listen, as a server with workers does")
	flags.StringVar(&b.say, "say", "", "print this at start; commas are line ends")
	flags.StringVar(&b.env, "env", "", "print this variable")
	flags.IntVar(&b.flood.megabytes, "flood", 0, "print so many megabytes of numbered lines")
	flags.IntVar(&b.flood.rate, "rate", 0, "of the flood, megabytes a second; 0: as fast as it can")
	flags.IntVar(&b.flood.line, "line", 1024, "bytes of a line of it")
	flags.StringVar(&b.flood.await, "floodif", "", "a file that must exist before it")
	flags.BoolVar(&b.chatter, "chatter", false, "print a numbered line every millisecond; /chatter answers which could "+
		"not be written")
	flags.BoolVar(&b.daemonize, "daemonize", false, "start one in a session of its own, then end with status 0")
	flags.StringVar(&b.answer, "answer", "", "nothing: never; slow: one byte a second; later: until the file is there as "+
		"it should")
	flags.StringVar(&b.statusFrom, "statusfrom", "", "answer with the status in this file while it exists")
	flags.StringVar(&b.wantKey, "wantkey", "", "/ready answers 401 without this key, /health and /v1/models likewise")
	flags.StringVar(&b.reads, "reads", "", "a configuration; end with status 1 when it says broken")
	return flags.Parse(args)
}

// serviceMain runs a service that behaves as its flags say, and returns its exit status.
func serviceMain(args []string) int {
	var b behaviour
	if err := b.parse(args); err != nil {
		return 2
	}
	if raw, err := os.ReadFile(b.reads); b.reads != "" && (err != nil || strings.Contains(string(raw), "broken")) {
		fmt.Println("the configuration is broken")
		return 1
	}
	b.print()
	if status, ends := b.spawn(); ends {
		return status
	}
	time.Sleep(b.wait)
	awaitFile(b.await)
	switch {
	case b.exit >= 0:
		return b.exit
	case b.answer != "":
		return answerBadly(b.port, b.answer)
	case b.port == "":
		for { // select {} would be a deadlock without cgo, which ends a program with status 2
			time.Sleep(time.Hour)
		}
	}
	http.Handle("/chatter", &b.unwritten)
	if b.wantKey != "" {
		return serveWithKey(b.port, b.wantKey)
	}
	return listenAndServe(b.port, b.status, b.statusFrom, b.notReadyIf, b.crash)
}

// print writes what the service has to say.
func (b *behaviour) print() {
	if b.say != "" {
		fmt.Println(strings.ReplaceAll(b.say, ",", "\n"))
	}
	if b.env != "" {
		fmt.Printf("%s=%s\n", b.env, os.Getenv(b.env))
	}
}

// spawn starts the processes of the service, and its output. ends reports that the
// service itself has to end, with that exit status.
func (b *behaviour) spawn() (status int, ends bool) {
	if b.daemonize {
		daemon := exec.Command(os.Args[0], "service", "-say=daemon")
		daemon.Stdout = os.Stdout
		daemon.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
		if err := daemon.Start(); err != nil {
			return 3, true
		}
		if fmt.Println("daemon", daemon.Process.Pid); b.port == "" {
			return 0, true
		}
	}
	if b.flood.megabytes > 0 {
		go b.flood.run() // it ends with the program
	}
	if b.chatter {
		go b.unwritten.talk() // it ends with the program
	}
	if b.deaf {
		signal.Ignore(syscall.SIGTERM)
	}
	if b.fork {
		grandchild := exec.Command(os.Args[0], "service", "-deaf", "-say=grandchild")
		grandchild.Stdout = os.Stdout
		if err := grandchild.Start(); err != nil {
			return 3, true
		}
		fmt.Println("grandchild", grandchild.Process.Pid)
	}
	if b.child {
		worker := exec.Command(os.Args[0], "service", "-port="+b.port, "-wantkey="+b.wantKey)
		if err := worker.Run(); err != nil {
			return 4, true
		}
		return 0, true
	}
	return 0, false
}

// serveWithKey runs a server on which only /health/readiness answers without the key, as
// on LiteLLM. It prints which requests had the key. It returns an exit status.
func serveWithKey(port, key string) int {
	http.HandleFunc("/health/readiness", func(http.ResponseWriter, *http.Request) {})
	http.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Authorization") != "Bearer "+key {
			w.WriteHeader(http.StatusUnauthorized)
			return
		}
		fmt.Println("with its key:", r.URL.Path)
	})
	if err := http.ListenAndServe("127.0.0.1:"+port, nil); err != nil {
		return 6
	}
	return 0
}

// awaitFile returns when the file exists, at once if path is "".
func awaitFile(path string) {
	for path != "" {
		if _, err := os.Stat(path); err == nil {
			return
		}
		time.Sleep(time.Millisecond)
	}
}

// flood is a large number of numbered lines, each in one write.
type flood struct {
	megabytes, rate, line int
	await                 string
}

// run prints the lines.
func (f flood) run() {
	awaitFile(f.await)
	filler := strings.Repeat("x", f.line)
	began, lines := time.Now(), f.megabytes<<20/f.line
	for i := range lines {
		head := "line " + strconv.Itoa(i) + " "
		_, _ = os.Stdout.WriteString(head + filler[:f.line-len(head)-1] + "\n")
		if f.rate == 0 || i%16 != 0 { // fewer lines take less time than a sleep is exact to
			continue
		}
		due := time.Duration(i*f.line) * time.Second / time.Duration(f.rate<<20)
		time.Sleep(due - time.Since(began))
	}
	fmt.Printf("flood is over: %d bytes in %d ms\n", lines*f.line, time.Since(began).Milliseconds())
}

// chat prints numbered lines and knows which of them could not be written.
type chat struct {
	mu   sync.Mutex
	lost Unwritten
}

// Unwritten are lines that were not written, or not whole.
type Unwritten struct {
	Lines       int
	First, Last time.Time
}

// talk prints a line every millisecond, without end.
func (c *chat) talk() {
	for n := 0; ; n++ {
		line := fmt.Appendf(nil, `{"time":%q,"n":%d}`+"\n", time.Now().UTC().Format(time.RFC3339Nano), n)
		began := time.Now()
		if _, err := os.Stdout.Write(line); err != nil {
			c.mu.Lock()
			if c.lost.Lines == 0 {
				c.lost.First = began
			}
			c.lost.Lines, c.lost.Last = c.lost.Lines+1, time.Now()
			c.mu.Unlock()
		}
		time.Sleep(time.Millisecond)
	}
}

// ServeHTTP answers which lines could not be written.
func (c *chat) ServeHTTP(w http.ResponseWriter, _ *http.Request) {
	c.mu.Lock()
	defer c.mu.Unlock()
	_ = json.NewEncoder(w).Encode(c.lost)
}

// answerBadly accepts connections and sends no proper answer. It returns an exit status.
func answerBadly(port, how string) int {
	listener, err := net.Listen("tcp", "127.0.0.1:"+port)
	if err != nil {
		return 6
	}
	for {
		conn, err := listener.Accept()
		if err != nil {
			return 5
		}
		go func() { // it ends with the program
			if how == "nothing" {
				select {}
			}
			for i, char := range []byte("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n") {
				_, _ = conn.Write([]byte{char})
				fmt.Println("bytes sent:", i+1)
				time.Sleep(time.Second)
			}
		}()
	}
}

// listenAndServe runs the server of a well-behaved service, and returns an exit status.
func listenAndServe(port string, status int, statusFrom, notReadyIf string, crash time.Duration) int {
	var answered sync.Once
	var probes atomic.Int64
	mux := http.DefaultServeMux
	mux.HandleFunc("/asked", func(w http.ResponseWriter, _ *http.Request) { _, _ = fmt.Fprint(w, probes.Load()) })
	mux.HandleFunc("/ready", func(w http.ResponseWriter, _ *http.Request) {
		probes.Add(1)
		if raw, err := os.ReadFile(statusFrom); statusFrom != "" && err == nil && len(raw) == 3 {
			code, _ := strconv.Atoi(string(raw))
			w.WriteHeader(code)
			return
		}
		if crash > 0 {
			answered.Do(func() { time.AfterFunc(crash, func() { os.Exit(7) }) })
		}
		if _, err := os.Stat(notReadyIf); notReadyIf != "" && err == nil {
			w.WriteHeader(http.StatusServiceUnavailable)
			return
		}
		if status/100 == 3 {
			w.Header().Set("Location", "/other")
		}
		w.WriteHeader(status)
	})
	mux.HandleFunc("/other", func(http.ResponseWriter, *http.Request) {})
	mux.HandleFunc("/die", func(http.ResponseWriter, *http.Request) { os.Exit(9) })
	mux.HandleFunc("/bye", func(http.ResponseWriter, *http.Request) { os.Exit(0) })
	listener, err := net.Listen("tcp", "127.0.0.1:"+port)
	if err != nil {
		fmt.Println("listen:", err)
		return 0 // CLIProxyAPI, too, ends with exit status 0 when its port is taken
	}
	fmt.Println("listening")
	_ = http.Serve(listener, mux)
	return 5
}
