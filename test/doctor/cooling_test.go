package doctor_test

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"
	"time"
)

// routerReport is what status and health say of the router's deployments.
type routerReport struct {
	Data struct {
		Services []struct {
			Name   string
			Router *struct {
				Deployments, Available int
				Cooling                []struct {
					Deployment, Group, Class, Reason string
					Since, Until                     time.Time
					Status                           int
				}
				UnavailableGroups []string `json:"unavailable_groups"`
			}
		}
	}
	Error *struct{ Code, Message, Hint string }
}

func (s *stack) routerReport(target string) (routerReport, error) {
	s.t.Helper()
	out, err := s.runMage(target)
	var r routerReport
	if jsonErr := json.Unmarshal(out, &r); jsonErr != nil {
		s.t.Fatalf("%s: %v: %s", target, jsonErr, out)
	}
	return r, err
}

func TestStatusAndHealthSayWhichDeploymentsCoolDownWhyAndUntilWhen(t *testing.T) {
	t.Parallel()
	s := newStack(t)
	withLimited(s)
	if r, err := s.routerReport("health"); err != nil || r.Error != nil {
		t.Fatalf("before: %v %+v", err, r.Error)
	}
	begun := time.Now().Add(-time.Second)
	s.ask("limited", http.StatusTooManyRequests)
	for _, target := range []string{"status", "health"} {
		r, err := s.routerReport(target)
		if (err != nil) != (target == "health") {
			t.Errorf("%s: %v", target, err)
		}
		if target == "health" && (r.Error == nil || r.Error.Code != "group-unavailable" ||
			!strings.Contains(r.Error.Message, "limited") || !strings.Contains(r.Error.Message, "answered 429")) {
			t.Errorf("health: %+v", r.Error)
		}
		found := false
		for _, svc := range r.Data.Services {
			if svc.Router == nil {
				continue
			}
			found = true
			router := svc.Router
			if svc.Name != "litellm" || router.Deployments != 3 || router.Available != 2 || len(router.Cooling) != 1 ||
				strings.Join(router.UnavailableGroups, " ") != "limited" {
				t.Fatalf("%s: %+v", target, router)
			}
			c := router.Cooling[0]
			if c.Group != "limited" || c.Status != 429 || c.Class != "RateLimitError" || c.Reason == "" ||
				c.Since.Before(begun) || c.Since.After(time.Now()) ||
				c.Until.Sub(c.Since) != 10*time.Minute {
				t.Errorf("%s: %+v", target, c)
			}
		}
		if !found && target == "status" {
			t.Errorf("%s says nothing of the deployments", target)
		}
	}
	s.mage("restart", "litellm")
	if r, err := s.routerReport("health"); err != nil {
		t.Errorf("a restart forgets: %+v", r.Error)
	}
}
