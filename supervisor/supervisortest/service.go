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

// serviceMain is a service that behaves as its flags say.
func serviceMain(args []string) int {
	flags := flag.NewFlagSet("service", flag.ContinueOnError)
	port := flags.String("port", "", "listen here; empty: nowhere")
	wait := flags.Duration("wait", 0, "before listening")
	await := flags.String("await", "", "a file that must exist before listening")
	exit := flags.Int("exit", -1, "end with this status in place of listening")
	status := flags.Int("status", 200, "what /ready answers")
	notReadyIf := flags.String("notreadyif", "", "answer 503 while this file exists")
	deaf := flags.Bool("deaf", false, "ignore SIGTERM")
	crash := flags.Duration("crash", 0, "end with status 7 this long after the first answer")
	fork := flags.Bool("fork", false, "start a grandchild that ignores SIGTERM")
	child := flags.Bool("child", false, "let a child listen, as a server with workers does")
	say := flags.String("say", "", "print this at start; commas are line ends")
	env := flags.String("env", "", "print this variable")
	var flood flood
	flags.IntVar(&flood.megabytes, "flood", 0, "print so many megabytes of numbered lines")
	flags.IntVar(&flood.rate, "rate", 0, "of the flood, megabytes a second; 0: as fast as it can")
	flags.IntVar(&flood.line, "line", 1024, "bytes of a line of it")
	flags.StringVar(&flood.await, "floodif", "", "a file that must exist before it")
	chatter := flags.Bool("chatter", false, "print a numbered line every millisecond; /chatter answers which could not "+
		"be written")
	daemonize := flags.Bool("daemonize", false, "start one in a session of its own, then end with status 0")
	answer := flags.String("answer", "", "nothing: never; slow: one byte a second; later: until the file is there as it "+
		"should")
	statusFrom := flags.String("statusfrom", "", "answer with the status in this file while it exists")
	wantKey := flags.String("wantkey", "", "/ready answers 401 without this key, /health and /v1/models likewise")
	reads := flags.String("reads", "", "a configuration; end with status 1 when it says broken")
	if err := flags.Parse(args); err != nil {
		return 2
	}
	if raw, err := os.ReadFile(*reads); *reads != "" && (err != nil || strings.Contains(string(raw), "broken")) {
		fmt.Println("the configuration is broken")
		return 1
	}
	if *say != "" {
		fmt.Println(strings.ReplaceAll(*say, ",", "\n"))
	}
	if *env != "" {
		fmt.Printf("%s=%s\n", *env, os.Getenv(*env))
	}
	if *daemonize {
		daemon := exec.Command(os.Args[0], "service", "-say=daemon")
		daemon.Stdout = os.Stdout
		daemon.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
		if err := daemon.Start(); err != nil {
			return 3
		}
		fmt.Println("daemon", daemon.Process.Pid)
		if *port == "" {
			return 0
		}
	}
	if flood.megabytes > 0 {
		go flood.run() // it ends with the program
	}
	said := &chat{}
	if *chatter {
		go said.talk() // it ends with the program
	}
	if *deaf {
		signal.Ignore(syscall.SIGTERM)
	}
	if *fork {
		grandchild := exec.Command(os.Args[0], "service", "-deaf", "-say=grandchild")
		grandchild.Stdout = os.Stdout
		if err := grandchild.Start(); err != nil {
			return 3
		}
		fmt.Println("grandchild", grandchild.Process.Pid)
	}
	if *child {
		worker := exec.Command(os.Args[0], "service", "-port="+*port, "-wantkey="+*wantKey)
		if err := worker.Run(); err != nil {
			return 4
		}
		return 0
	}
	time.Sleep(*wait)
	awaitFile(*await)
	if *exit >= 0 {
		return *exit
	}
	if *answer != "" {
		return answerBadly(*port, *answer)
	}
	if *port != "" {
		http.Handle("/chatter", said)
		if *wantKey != "" {
			return serveWithKey(*port, *wantKey)
		}
		return listenAndServe(*port, *status, *statusFrom, *notReadyIf, *crash)
	}
	select {}
}

// serveWithKey is a server of which no path but /health/readiness answers
// without its key, as LiteLLM's are; it says which requests had it.
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

// awaitFile returns when there is such a file; at once for none.
func awaitFile(path string) {
	for path != "" {
		if _, err := os.Stat(path); err == nil {
			return
		}
		time.Sleep(time.Millisecond)
	}
}

// flood is a lot of numbered lines, one write each.
type flood struct {
	megabytes, rate, line int
	await                 string
}

func (f flood) run() {
	awaitFile(f.await)
	filler := strings.Repeat("x", f.line)
	began, lines := time.Now(), f.megabytes<<20/f.line
	for i := range lines {
		head := "line " + strconv.Itoa(i) + " "
		_, _ = os.Stdout.WriteString(head + filler[:f.line-len(head)-1] + "\n")
		if f.rate == 0 || i%16 != 0 { // a sleep is not worth its while for less
			continue
		}
		due := time.Duration(i*f.line) * time.Second / time.Duration(f.rate<<20)
		time.Sleep(due - time.Since(began))
	}
	fmt.Printf("flood is over: %d bytes in %d ms\n", lines*f.line, time.Since(began).Milliseconds())
}

// chat prints numbered lines and knows which of them did not get through.
type chat struct {
	mu   sync.Mutex
	lost Unwritten
}

// Unwritten are lines that were not written, or not whole.
type Unwritten struct {
	Lines       int
	First, Last time.Time
}

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

func (c *chat) ServeHTTP(w http.ResponseWriter, _ *http.Request) {
	c.mu.Lock()
	defer c.mu.Unlock()
	_ = json.NewEncoder(w).Encode(c.lost)
}

// answerBadly takes connections and gives no proper answer.
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

func listenAndServe(port string, status int, statusFrom, notReadyIf string, crash time.Duration) int {
	var answered sync.Once
	var asked atomic.Int64
	mux := http.DefaultServeMux
	mux.HandleFunc("/asked", func(w http.ResponseWriter, _ *http.Request) { _, _ = fmt.Fprint(w, asked.Load()) })
	mux.HandleFunc("/ready", func(w http.ResponseWriter, _ *http.Request) {
		asked.Add(1)
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
		return 0 // as CLIProxyAPI: a taken port is exit status 0
	}
	fmt.Println("listening")
	_ = http.Serve(listener, mux)
	return 5
}
