package service

import (
	"context"
	"fmt"
	"strconv"

	"github.com/flowgate-go/flowgate/checks"
	"github.com/flowgate-go/flowgate/checks/doctor/subject"
	"github.com/flowgate-go/flowgate/internal/config"
	"github.com/flowgate-go/flowgate/internal/process"
	"github.com/flowgate-go/flowgate/internal/report"
	"github.com/flowgate-go/flowgate/internal/tcp"
)

// port is the address of a service, with the process that listens on it.
type port struct {
	Service string      `json:"service"`
	Address string      `json:"address"`
	Port    int         `json:"port"`
	State   string      `json:"state"` // free, ours, foreign, unusable or shared
	Holder  *tcp.Holder `json:"holder,omitempty"`
	Text    string      `json:"-"`
}

// ports is the detail of ports.available.
type ports struct {
	checks.Note
	Ports []port `json:"ports"`
}

func portsAvailable(s *subject.Subject) checks.Check {
	return checks.Check{
		ID: "ports.available", Title: "Service ports are free or held by our own services",
		Needs: []string{"config.valid", "supervisor.answers"},
		Run: func(ctx context.Context) checks.Outcome {
			found := ports{Ports: []port{}}
			o := checks.Passed(nil)
			for _, svc := range s.Config.Services {
				p := examinePort(ctx, s, svc)
				found.Ports = append(found.Ports, p)
				if p.State == "free" || p.State == "ours" {
					continue
				}
				if found.Text != "" {
					found.Text += "; "
				}
				found.Text += p.Text
				if p.State != "shared" {
					o.Status = report.Fail
				} else if o.Status == report.Pass {
					o.Status = report.Warn
				}
				o = o.WithFix(p.fix(), "stop what is there, or give services."+svc.Name+".port another number")
			}
			return o.WithDetail(found)
		},
	}
}

// examinePort returns the port of a service and which process listens on it.
func examinePort(ctx context.Context, s *subject.Subject, svc config.Service) port {
	p := port{Service: svc.Name, Address: svc.Addr(), Port: svc.Port, State: "free"}
	if running, ok := s.RunningService(svc.Name); ok &&
		tcp.IsListening(running.PID, svc.Host, svc.Port) { // far cheaper than to search for the listener
		p.State = "ours"
		return findSharedPort(s, svc, p)
	}
	holder, held, err := tcp.FindListener(svc.Host, svc.Port)
	switch {
	case err == nil && held:
		p.Holder = &holder
		if p.State = "ours"; !ownsProcess(s, svc, holder.PID) {
			p.State = "foreign"
			p.Text = fmt.Sprintf("%s: %s has %s", svc.Name, holder.String(), svc.Addr())
			return p
		}
	default:
		if err := tcp.CheckFree(ctx, svc.Addr()); err != nil {
			p.State, p.Text = "unusable", fmt.Sprintf("%s: %v", svc.Name, err)
			return p
		}
	}
	return findSharedPort(s, svc, p)
}

// findSharedPort returns p, marked as shared when another program listens on the same
// port at the loopback address of the other family: a client that connects to localhost
// may reach that program.
func findSharedPort(s *subject.Subject, svc config.Service, p port) port {
	other := "::1"
	switch svc.Host {
	case "127.0.0.1", "localhost":
	case "::1":
		other = "127.0.0.1"
	default:
		return p
	}
	holder, held, err := tcp.FindListener(other, svc.Port)
	if err != nil || !held || ownsProcess(s, svc, holder.PID) {
		return p
	}
	p.State, p.Holder = "shared", &holder
	p.Text = fmt.Sprintf(
		"%s: localhost:%d may reach %s, which has the port at another address",
		svc.Name,
		svc.Port,
		holder.String(),
	)
	return p
}

// ownsProcess reports whether a process is one of the running service svc.
func ownsProcess(s *subject.Subject, svc config.Service, pid int) bool {
	running, ok := s.RunningService(svc.Name)
	return ok && process.BelongsTo(pid, running.PID)
}

// fix returns a command that shows the process on the port; whether to end it is for
// people to decide. It returns "" when the process is not known.
func (p port) fix() string {
	if p.Holder == nil || p.Holder.PID == 0 {
		return ""
	}
	return "ps -o pid,user,lstart,args -p " + strconv.Itoa(p.Holder.PID)
}
