package bench_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httputil"
	"net/url"
	"os"
	"os/exec"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/flowgate-go/flowgate/internal/tcp/tcptest"
)

const benchKey = "sk-bench-0123456789"

// BenchmarkGateway sends the same load through the embedded router and through
// httputil.ReverseProxy with the body read first, each a process of its own
// before the same upstream, and reports requests a second, CPU a request and,
// of streams, the median time to the first token. Run it with -count and
// compare medians: the cases follow each other within one run.
func BenchmarkGateway(b *testing.B) {
	upstream := startRole(b, "upstream", "")
	for _, load := range []struct {
		name    string
		clients int
		body    []byte
	}{
		{"1kB/clients=1", 1, request(1<<10, false)},
		{"1kB/clients=8", 8, request(1<<10, false)},
		{"256kB/clients=8", 8, request(256<<10, false)},
		{"stream/clients=64", 64, request(1<<10, true)},
	} {
		b.Run(load.name+"/router", func(b *testing.B) {
			loadServer(b, routerProcess(b, upstream.addr, ""), load.clients, "/v1/chat/completions", load.body)
		})
		b.Run(load.name+"/reverseproxy", func(b *testing.B) {
			loadServer(b, startRole(b, "reverseproxy", upstream.addr), load.clients, "/v1/chat/completions", load.body)
		})
	}
}

// request is a chat completion of about size bytes whose text is like code, so that JSON escapes are real.
func request(size int, stream bool) []byte {
	const line = "if err := s.do(\"x\"); err != nil {\n\tlog.Printf(\"bad: %v\", err) // café\n}\n"
	b, err := json.Marshal(map[string]any{"model": "m", "stream": stream, "messages": []map[string]string{
		{"role": "user", "content": strings.Repeat(line, max(1, size/100))}}})
	if err != nil {
		panic(err)
	}
	return b
}

// server is a process under load.
type server struct {
	addr string
	cmd  *exec.Cmd
}

// routerProcess starts a router. speaks is the only dialect of its upstream; empty: all.
func routerProcess(b *testing.B, upstream, speaks string) *server {
	b.Helper()
	addr := fmt.Sprintf("127.0.0.1:%d", tcptest.FreePort(b))
	_, port, _ := strings.Cut(addr, ":")
	return startServer(b, addr, routerCommand(b, upstream, speaks, port))
}

// routerCommand is the command of such a router.
func routerCommand(b *testing.B, upstream, speaks, port string) *exec.Cmd {
	b.Helper()
	settings := writeSettings(b, "settings.yaml", routerSettings(upstream, speaks))
	return exec.Command(binary, "router:serve", "-settings="+settings, "-port="+port)
}

// routerSettings are those of a router with one deployment.
func routerSettings(upstream, speaks string) string {
	info := ""
	if speaks != "" {
		info = ", model_info: {speaks: [" + speaks + "]}"
	}
	return fmt.Sprintf("model_list: [{model_name: m, litellm_params: {model: openai/up, api_base: \"http://%s/v1\", "+
		"api_key: k}%s}]\ngeneral_settings: {master_key: %s}\n", upstream, info, benchKey)
}

// startRole starts this test binary anew as one of the servers of serveRole.
func startRole(b *testing.B, name, target string) *server {
	b.Helper()
	addr := fmt.Sprintf("127.0.0.1:%d", tcptest.FreePort(b))
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), "BENCH_ROLE="+name, "BENCH_ADDR="+addr, "BENCH_TARGET="+target)
	return startServer(b, addr, cmd)
}

func startServer(b *testing.B, addr string, cmd *exec.Cmd) *server {
	b.Helper()
	if err := cmd.Start(); err != nil {
		b.Fatal(err)
	}
	s := &server{addr, cmd}
	b.Cleanup(s.end)
	for deadline := time.Now().Add(5 * time.Second); ; time.Sleep(time.Millisecond) {
		if c, err := net.Dial("tcp", addr); err == nil {
			_ = c.Close()
			return s
		}
		if time.Now().After(deadline) {
			b.Fatalf("%v does not listen", cmd.Args)
		}
	}
}

// end ends the process.
func (s *server) end() {
	_ = s.cmd.Process.Signal(syscall.SIGTERM)
	_ = s.cmd.Wait()
}

// loadServer sends b.N requests from so many clients, ends the server, and reports.
func loadServer(b *testing.B, s *server, clients int, path string, body []byte) {
	transport := &http.Transport{MaxIdleConnsPerHost: clients, WriteBufferSize: 64 << 10, DisableCompression: true}
	var mu sync.Mutex
	var first []time.Duration
	left := make(chan struct{}, b.N)
	for range b.N {
		left <- struct{}{}
	}
	close(left)
	var wg sync.WaitGroup
	b.ResetTimer()
	for range clients {
		wg.Go(func() {
			var own []time.Duration
			for range left {
				took, err := sendOnce(transport, "http://"+s.addr+path, body)
				if err != nil {
					b.Error(err)
					return
				}
				own = append(own, took)
			}
			mu.Lock()
			first = append(first, own...)
			mu.Unlock()
		})
	}
	wg.Wait()
	b.StopTimer()
	transport.CloseIdleConnections()
	s.end()
	cpu := s.cmd.ProcessState.UserTime() + s.cmd.ProcessState.SystemTime()
	slices.Sort(first)
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "req/s")
	b.ReportMetric(float64(cpu.Microseconds())/float64(b.N), "cpu-µs/op")
	if len(first) > 0 {
		b.ReportMetric(float64(first[len(first)/2].Microseconds()), "first-µs")
	}
}

// sendOnce sends one request and returns the time to the first token, or to the end of an unstreamed reply.
func sendOnce(transport *http.Transport, url string, body []byte) (time.Duration, error) {
	req, err := http.NewRequest(http.MethodPost, url, bytes.NewReader(body))
	if err != nil {
		return 0, err
	}
	req.Header.Set("Authorization", "Bearer "+benchKey)
	req.Header.Set("Content-Type", "application/json")
	started := time.Now()
	res, err := transport.RoundTrip(req)
	if err != nil {
		return 0, err
	}
	defer func() { _ = res.Body.Close() }()
	buf := make([]byte, 4<<10)
	n, err := io.ReadAtLeast(res.Body, buf, 20)
	took := time.Since(started)
	if err != nil || res.StatusCode != http.StatusOK {
		return 0, fmt.Errorf("status %d, %w: %s", res.StatusCode, err, buf[:n])
	}
	_, err = io.Copy(io.Discard, res.Body)
	return took, err
}

// serveRole is the process that role starts; it ends with SIGTERM.
func serveRole() {
	if os.Getenv("BENCH_ROLE") == "router" {
		serveRouter()
		os.Exit(0)
	}
	handler := http.HandlerFunc(answer)
	if os.Getenv("BENCH_ROLE") == "reverseproxy" {
		target := &url.URL{Scheme: "http", Host: os.Getenv("BENCH_TARGET")}
		proxy := &httputil.ReverseProxy{FlushInterval: -1, Rewrite: func(r *httputil.ProxyRequest) { r.SetURL(target) },
			Transport: &http.Transport{MaxIdleConnsPerHost: 256, DisableCompression: true, WriteBufferSize: 32 << 10,
				ReadBufferSize: 32 << 10}}
		handler = func(w http.ResponseWriter, r *http.Request) {
			body := make([]byte, r.ContentLength)
			if _, err := io.ReadFull(r.Body, body); err != nil {
				http.Error(w, err.Error(), http.StatusBadRequest)
				return
			}
			r.Body = io.NopCloser(bytes.NewReader(body))
			proxy.ServeHTTP(w, r)
		}
	}
	panic((&http.Server{Addr: os.Getenv("BENCH_ADDR"), Handler: handler, ReadHeaderTimeout: time.Minute}).ListenAndServe())
}

// answer is a fixed upstream: one reply, or five events 10 ms apart and the end.
func answer(w http.ResponseWriter, r *http.Request) {
	body, _ := io.ReadAll(r.Body)
	reply := replies[r.URL.Path]
	if !bytes.Contains(body, []byte(`"stream":true`)) {
		w.Header().Set("Content-Type", "application/json")
		_, _ = io.WriteString(w, reply.whole)
		return
	}
	w.Header().Set("Content-Type", "text/event-stream")
	_, _ = io.WriteString(w, reply.opening)
	for i := range 5 {
		_, _ = fmt.Fprintf(w, reply.piece, i)
		w.(http.Flusher).Flush()
		time.Sleep(10 * time.Millisecond)
	}
	_, _ = io.WriteString(w, reply.end)
}

// replies are what the upstream answers, by path.
var replies = map[string]struct{ whole, opening, piece, end string }{
	"/v1/chat/completions": {
		whole: `{"id":"c1","object":"chat.completion","created":1,"model":"up","choices":[{"index":0,"message":{"role":"assistant","content":"hello"},"finish_reason":"stop"}],"usage":{"prompt_tokens":3,"completion_tokens":5,"total_tokens":8}}`,
		piece: "data: {\"id\":\"c1\",\"object\":\"chat.completion.chunk\",\"created\":1,\"model\":\"up\",\"choices\":[{\"index\":0,\"delta\":{\"content\":\"w%d \"}}]}\n\n",
		end:   "data: {\"id\":\"c1\",\"object\":\"chat.completion.chunk\",\"created\":1,\"model\":\"up\",\"choices\":[{\"index\":0,\"delta\":{},\"finish_reason\":\"stop\"}]}\n\ndata: [DONE]\n\n",
	},
	"/v1/messages": {
		whole: `{"id":"msg_1","type":"message","role":"assistant","model":"up","content":[{"type":"text","text":"hello"}],"stop_reason":"end_turn","stop_sequence":null,"usage":{"input_tokens":3,"output_tokens":5}}`,
		opening: "event: message_start\ndata: " +
			"{\"type\":\"message_start\",\"message\":{\"id\":\"msg_1\",\"type\":\"message\",\"role\":\"assistant\",\"model\":\"up\",\"content\":[],\"stop_reason\":null,\"usage\":{\"input_tokens\":3,\"output_tokens\":1}}}\n\n" +
			"event: content_block_start\ndata: " +
			"{\"type\":\"content_block_start\",\"index\":0,\"content_block\":{\"type\":\"text\",\"text\":\"\"}}\n\n",
		piece: "event: content_block_delta\ndata: " +
			"{\"type\":\"content_block_delta\",\"index\":0,\"delta\":{\"type\":\"text_delta\",\"text\":\"w%d \"}}\n\n",
		end: "event: content_block_stop\ndata: {\"type\":\"content_block_stop\",\"index\":0}\n\nevent: message_delta\ndata: " +
			"{\"type\":\"message_delta\",\"delta\":{\"stop_reason\":\"end_turn\"},\"usage\":{\"output_tokens\":5}}\n\n" +
			"event: message_stop\ndata: {\"type\":\"message_stop\"}\n\n",
	},
	"/v1/responses": {
		whole: `{"id":"resp_1","object":"response","created_at":1,"status":"completed","model":"up","output":[{"id":"msg_1","type":"message","role":"assistant","status":"completed","content":[{"type":"output_text","text":"hello","annotations":[]}]}],"usage":{"input_tokens":3,"output_tokens":5,"total_tokens":8}}`,
		opening: "event: response.created\ndata: " +
			"{\"type\":\"response.created\",\"sequence_number\":0,\"response\":{\"id\":\"resp_1\",\"object\":\"response\",\"status\":\"in_progress\",\"model\":\"up\",\"output\":[]}}\n\n",
		piece: "event: response.output_text.delta\ndata: " +
			"{\"type\":\"response.output_text.delta\",\"item_id\":\"msg_1\",\"output_index\":0,\"content_index\":0,\"delta\":\"w%d \"}\n\n",
		end: "event: response.completed\ndata: " +
			"{\"type\":\"response.completed\",\"response\":{\"id\":\"resp_1\",\"object\":\"response\",\"status\":\"completed\",\"model\":\"up\",\"output\":[],\"usage\":{\"input_tokens\":3,\"output_tokens\":5,\"total_tokens\":8}}}\n\n",
	},
}
