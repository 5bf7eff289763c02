package shared_test

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"log/slog"
	"net"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/flowgate-go/flowgate/internal/router/affinity"
	"github.com/flowgate-go/flowgate/internal/router/cooldown"
	"github.com/flowgate-go/flowgate/internal/router/deployment"
	"github.com/flowgate-go/flowgate/internal/router/settings"
	"github.com/flowgate-go/flowgate/internal/router/shared"
)

// redisInMemory is a double of Redis whose connections are pipes, so that its tests run in a bubble of synctest, whose
// clock is not real.
type redisInMemory struct {
	*cooldown.Policy // of the router
	shared.Link

	mu          sync.Mutex
	play        func(c io.Writer, command []string) // answers a command
	commands    [][]string
	lookups     int // round trips that ended with the reading of an owner
	subscribers []net.Conn
}

// inMemory calls test with a link to a double that answers well, once they are connected.
func inMemory(t *testing.T, test func(t *testing.T, r *redisInMemory)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		r := &redisInMemory{play: playWell, Policy: &cooldown.Policy{Now: time.Now, Logger: slog.New(slog.DiscardHandler)}}
		var serving sync.WaitGroup
		dial := func(context.Context, string, string) (net.Conn, error) {
			client, server := net.Pipe()
			serving.Go(func() { r.serve(server) })
			return client, nil
		}
		r.Link = shared.Open(shared.WithDialer(shared.Options{Redis: settings.Redis{Network: "tcp", Address: "redis:6379"},
			Secret: "sk-gateway", Cooldown: r.Policy}, dial))
		defer serving.Wait()
		defer r.Close()
		time.Sleep(time.Millisecond)
		if s := r.Status(); !s.Connected {
			t.Fatalf("%+v", s)
		}
		test(t, r)
	})
}

// serve reads commands until the router leaves, and answers them in another goroutine: a pipe has no buffer.
func (r *redisInMemory) serve(c net.Conn) {
	asked := make(chan []string, 10_000)
	var answering sync.WaitGroup
	answering.Go(func() {
		for command := range asked {
			r.mu.Lock()
			play := r.play
			r.commands = append(r.commands, command)
			if strings.EqualFold(command[0], "subscribe") {
				r.subscribers = append(r.subscribers, c)
			}
			r.mu.Unlock()
			play(c, command)
		}
	})
	for in := bufio.NewReader(c); ; {
		command, err := readCommand(in)
		if err != nil {
			break
		}
		r.mu.Lock()
		if in.Buffered() == 0 && len(command) > 1 && command[0] == "get" && strings.Contains(command[1], ":o:") {
			r.lookups++
		}
		r.mu.Unlock()
		asked <- command
	}
	close(asked)
	_ = c.Close()
	answering.Wait()
}

// playWell answers as a Redis does that keeps nothing: a script gets the empty message.
func playWell(c io.Writer, command []string) {
	if strings.EqualFold(command[0], "eval") {
		fmt.Fprint(c, "$3\r\n1 o\r\n")
		return
	}
	answerWell(c, command)
}

// playButFor is playWell, except that a command whose words contain a text gets another answer; "" is none.
func playButFor(text, answer string) func(c io.Writer, command []string) {
	return func(c io.Writer, command []string) {
		if strings.Contains(strings.Join(command, " "), text) {
			fmt.Fprint(c, answer)
			return
		}
		playWell(c, command)
	}
}

// set changes how the double answers.
func (r *redisInMemory) set(play func(c io.Writer, command []string)) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.play = play
}

// publish sends a message to the routers as another router does.
func (r *redisInMemory) publish(lines string) {
	r.mu.Lock()
	subscribers := r.subscribers
	r.mu.Unlock()
	text := "1 another\n" + lines
	for _, c := range subscribers {
		fmt.Fprintf(c, "*3\r\n$7\r\nmessage\r\n$1\r\nm\r\n$%d\r\n%s\r\n", len(text), text)
	}
	synctest.Wait()
}

// sent returns the commands since the last call whose words contain a text.
func (r *redisInMemory) sent(text string) (all []string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, command := range r.commands {
		if line := strings.Join(command, " "); strings.Contains(line, text) {
			all = append(all, line)
		}
	}
	r.commands = nil
	return all
}

// newDeployment returns a deployment with an id, which is an owner with that name.
func newDeployment(id string) *deployment.Deployment {
	d := &deployment.Deployment{Deployment: &settings.Deployment{ID: id, Group: "g"}, Memory: &deployment.Memory{},
		Owner: affinity.Owner{Deployment: id}}
	d.Cooldown.Deployment = d.Deployment
	return d
}

// wanted returns a question for the owner of a session that no router knows.
func wanted(session string) []affinity.Wanted {
	return []affinity.Wanted{{Store: affinity.NewStore(10, time.Hour, time.Now), Key: affinity.NewKey("s", session)}}
}
