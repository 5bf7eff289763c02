package security

import (
	"bytes"
	"context"
	"fmt"
	"path"
	"slices"
	"strings"

	"github.com/flowgate-go/flowgate/checks"
)

// filesDetail is the detail of checks that name files.
type filesDetail struct {
	Text  string   `json:"reason"`
	Files []string `json:"files"`
}

// Reason implements report.Reasoned.
func (l filesDetail) Reason() string { return l.Text }

func (s *audit) filesTracked() checks.Check {
	return checks.Check{
		ID: "files.tracked", Title: "git tracks no file that is made to hold secrets",
		Run: func(ctx context.Context) checks.Outcome {
			if s.repo == nil {
				return s.skippedWithoutGit()
			}
			tracked, err := s.repo.TrackedFiles(ctx)
			if err != nil {
				return checks.Failed("%v", err)
			}
			var bad []string
			var unreadable error
			for _, file := range tracked {
				sensitive, err := s.isSensitive(ctx, file)
				if err != nil {
					unreadable = fmt.Errorf("%s cannot be read from the index: %w", file, err)
				}
				if sensitive {
					bad = append(bad, file)
				}
			}
			switch {
			case len(bad) == 0 && unreadable != nil:
				return checks.Skipped("%v", unreadable)
			case len(bad) == 0:
				return checks.Passed(checks.Note{Text: ""})
			}
			return checks.Failed("").WithDetail(filesDetail{"git tracks " + joinNames(bad), bad}).
				WithFix("", "git rm --cached each, let .gitignore cover it, and replace the secrets in it")
		},
	}
}

// secretFileNames are names, in lower case, of files that hold secrets whatever is in them.
var secretFileNames = [...]string{
	".env", ".env.*", "*.env", "*.p12", "*.pfx", "*.jks", "*.keystore", "*.kdbx", "*.ppk",
	"id_rsa", "id_dsa", "id_ecdsa", "id_ed25519", ".netrc", "_netrc", ".pypirc",
	".htpasswd", ".git-credentials", ".pgpass",
	"kiro-auth-token.json", "oauth_creds.json", ".credentials.json", "auth.json.bak",
	"gateway.key", "upstream.key", "management.key",
}

// credentialPaths are the paths at which programs keep credentials.
var credentialPaths = [...]string{
	".router",
	".cli-proxy-api",
	".claude/.credentials.json",
	".codex/auth.json",
	".gemini/oauth_creds.json",
	".qwen/oauth_creds.json",
	".aws/credentials",
	".aws/sso",
	"github-copilot/hosts.json",
	"github-copilot/apps.json",
}

// byContent are names of files that hold secrets when one of marks is in them.
var byContent = [...]struct {
	names, marks []string
}{
	{[]string{"*.pem", "*.key", "*.crt", "*.cer", "*.asc"}, []string{"PRIVATE KEY"}},
	{
		[]string{
			"codex-*.json",
			"claude-*.json",
			"gemini-*.json",
			"antigravity-*.json",
			"qwen-*.json",
			"kiro-*.json",
			"kimi-*.json",
			"xai-*.json",
			"iflow-*.json",
			"vertex-*.json",
			"*copilot*.json",
			"auth.json",
			"credentials.json",
			"service-account*.json",
			"client_secret*.json",
		},
		[]string{
			`"access_token"`,
			`"refresh_token"`,
			`"private_key"`,
			`"client_secret"`,
			`"OPENAI_API_KEY"`,
			`"accessToken"`,
		},
	},
}

// exampleWords are parts of the paths of examples, tests and documents, whose secrets are
// not real.
var exampleWords = [...]string{
	"example",
	"sample",
	"template",
	"dist",
	"testdata",
	"test",
	"tests",
	"fixtures",
	"docs",
	"doc",
}

// isSensitive reports whether a tracked file is made to hold secrets: by its name, or by
// its name and content. The error says why the content cannot be read.
func (s *audit) isSensitive(ctx context.Context, file string) (bool, error) {
	lower := strings.ToLower(file)
	if isExample(lower) {
		return false, nil
	}
	base := path.Base(lower)
	if matchesAny(secretFileNames[:], base) || slices.ContainsFunc(credentialPaths[:], func(f string) bool {
		return strings.Contains("/"+lower+"/", "/"+f+"/")
	}) {
		return true, nil
	}
	for _, kind := range byContent {
		if matchesAny(kind.names, base) {
			content, err := s.repo.StagedContent(ctx, file)
			if err != nil {
				return false, err
			}
			if slices.ContainsFunc(kind.marks, func(m string) bool { return bytes.Contains(content, []byte(m)) }) {
				return true, nil
			}
		}
	}
	return false, nil
}

// matchesAny reports whether a file name matches one of the globs.
func matchesAny(globs []string, base string) bool {
	return slices.ContainsFunc(globs, func(g string) bool {
		ok, _ := path.Match(g, base)
		return ok
	})
}

// isExample reports whether a path, in lower case, is that of an example: by the name of a
// folder, or by a word in the name of the file.
func isExample(lower string) bool {
	dir, base := path.Split(lower)
	for _, part := range strings.Split(strings.Trim(dir, "/"), "/") {
		if slices.Contains(exampleWords[:], part) || part == "examples" || part == "samples" {
			return true
		}
	}
	return slices.ContainsFunc(
		strings.FieldsFunc(base, func(c rune) bool { return c == '.' || c == '-' || c == '_' }),
		func(w string) bool {
			return slices.Contains(exampleWords[:4], w)
		},
	)
}
