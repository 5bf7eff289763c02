package program

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"runtime"
	"strings"

	"github.com/flowgate-go/flowgate/checks"
	"github.com/flowgate-go/flowgate/checks/doctor/subject"
	"github.com/flowgate-go/flowgate/internal/safefile"
	"github.com/flowgate-go/flowgate/internal/store"
)

func runtimesArchitecture(s *subject.Subject) checks.Check {
	return checks.Check{
		ID: "runtimes.architecture", Title: "Every program is made for this machine",
		Needs: []string{"config.valid", "runtimes.installed"},
		Run: func(context.Context) checks.Outcome {
			var bad, unknown []string
			for _, svc := range s.Config.Services {
				spec, err := s.Command(svc)
				if err != nil {
					unknown = append(unknown, fmt.Sprintf("%s: %v", svc.Name, err))
					continue
				}
				if spec.Args[0] == s.Self {
					continue
				}
				why, err := whyNotExecutable(spec.Args[0])
				if err != nil {
					unknown = append(unknown, fmt.Sprintf("%s: %v", svc.Name, err))
				}
				if why != "" {
					bad = append(bad, fmt.Sprintf("%s: %s %s", svc.Name, s.ShortPath(spec.Args[0]), why))
				}
			}
			switch {
			case len(bad) == 0 && len(unknown) > 0:
				return checks.Skipped("not every program can be read: %s", strings.Join(unknown, "; "))
			case len(bad) == 0:
				return checks.Passed(nil)
			}
			return checks.Failed("%s", strings.Join(bad, "; ")).WithFix("", "install it for "+runtime.GOOS+"/"+runtime.GOARCH)
		},
	}
}

// whyNotExecutable returns why this machine cannot execute a file, "" when it can. The
// error says why the file cannot be read; that need not be a mistake, since a user may
// be allowed to execute a program and not to read it.
func whyNotExecutable(path string) (string, error) {
	f, err := safefile.Open(path)
	if err != nil {
		return "", err
	}
	defer func() { _ = f.Close() }()
	head := make([]byte, 256)
	n, err := io.ReadFull(f, head)
	if err != nil && !errors.Is(err, io.EOF) && !errors.Is(err, io.ErrUnexpectedEOF) {
		return "", err
	}
	if bytes.HasPrefix(head, []byte("#!")) {
		return whyScriptNotExecutable(head[:n]), nil
	}
	if err := store.CheckPlatform(path); err != nil {
		return strings.TrimPrefix(err.Error(), path+" "), nil
	}
	return "", nil
}

// whyScriptNotExecutable is whyNotExecutable for a script that begins with head.
func whyScriptNotExecutable(head []byte) string {
	line, _, _ := strings.Cut(string(head[2:]), "\n")
	words := strings.Fields(line)
	if len(words) == 0 {
		return "names no interpreter in its first line"
	}
	if _, err := os.Stat(words[0]); err != nil {
		return "names the interpreter " + words[0] + ", which does not exist"
	}
	if strings.HasSuffix(words[0], "/env") && len(words) > 1 && !strings.HasPrefix(words[1], "-") {
		if _, err := exec.LookPath(words[1]); err != nil {
			return "names the interpreter " + words[1] + ", which is not on PATH"
		}
	}
	return ""
}
