package supervisor_test

import (
	"flag"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"os/signal"
	"strings"
	"sync"
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
		worker := exec.Command(os.Args[0], "service", "-port="+*port)
		if err := worker.Run(); err != nil {
			return 4
		}
		return 0
	}
	time.Sleep(*wait)
	for *await != "" {
		if _, err := os.Stat(*await); err == nil {
			break
		}
		time.Sleep(time.Millisecond)
	}
	if *exit >= 0 {
		return *exit
	}
	if *port != "" {
		return listenAndServe(*port, *status, *notReadyIf, *crash)
	}
	select {}
}

func listenAndServe(port string, status int, notReadyIf string, crash time.Duration) int {
	var answered sync.Once
	mux := http.NewServeMux()
	mux.HandleFunc("/ready", func(w http.ResponseWriter, _ *http.Request) {
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
