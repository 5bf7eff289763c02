package deploy

import (
	"cmp"
	"fmt"
	"maps"
	"path/filepath"
	"slices"
	"strings"

	"github.com/flowgate-go/flowgate/internal/clientkey"
	"github.com/flowgate-go/flowgate/internal/config"
	"github.com/flowgate-go/flowgate/internal/fault"
	"github.com/flowgate-go/flowgate/internal/policy"
	"github.com/flowgate-go/flowgate/internal/router/settings"
)

// Variable is an environment variable of a service. A secret one has no Value: it is given by reference.
type Variable struct {
	Name     string
	Value    string // of a variable that is no secret; may name secret ones as ${NAME}
	IsPlain  bool   // the value is no secret and stands in the configuration
	Optional bool   // the service works without it
}

// Key is a key of the router that is a file on this machine. The router's settings have it as
// os.environ/Variable; router:serve -secrets=DIR reads it from DIR/Variable.
type Key struct {
	Variable   string
	Credential string // its name in credentials.upstream; "" for the gateway key
	File       string // where it is here: relative to the configuration's folder, absolute when it is elsewhere
}

// gatewayVariable is the variable of the gateway key in settings that name no credential for it.
const gatewayVariable = "FLOWGATE_GATEWAY_KEY"

// nameKeys returns the variables of the credentials that are files here, by their names, and that of the gateway
// key by "". Credentials whose names differ only in other characters than letters and digits are numbered.
func nameKeys(cfg *config.Config) map[string]string {
	names, taken := map[string]string{"": gatewayVariable}, map[string]bool{}
	for _, credential := range slices.Sorted(maps.Keys(cfg.Credentials)) {
		if cfg.Credentials[credential].File == "" {
			continue
		}
		base := "FLOWGATE_KEY_" + strings.Map(upperWordByte, credential)
		name := base
		for n := 2; taken[name]; n++ {
			name = fmt.Sprintf("%s_%d", base, n)
		}
		taken[name], names[credential] = true, name
	}
	return names
}

// upperWordByte returns a letter of ASCII in upper case, a digit as it is, and _ for everything else.
func upperWordByte(r rune) rune {
	switch {
	case r >= 'a' && r <= 'z':
		return r - 'a' + 'A'
	case r >= 'A' && r <= 'Z', r >= '0' && r <= '9':
		return r
	}
	return '_'
}

// awsVariables are the variables that the AWS SDKs and the router read.
var awsVariables = [...]string{"AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN", "AWS_REGION",
	"AWS_BEARER_TOKEN_BEDROCK"}

// addVariables adds the variables that the settings read: those that they name, and those that providers'
// keys usually are in. asked are those that were looked up when the settings were read.
func (s *Stack) addVariables(active policy.Active, loaded *settings.Settings, asked map[string]bool) {
	isOptional := map[string]bool{}
	for name := range asked {
		isOptional[name] = true
	}
	for _, d := range loaded.Deployments {
		if d.MissingKey != "" {
			isOptional[d.MissingKey] = false
		}
		for _, name := range awsVariables {
			if _, isKnown := isOptional[name]; d.AWS != nil && !isKnown {
				isOptional[name] = true
			}
		}
	}
	for _, name := range active.EnvReferences() {
		isOptional[name] = false
	}
	delete(isOptional, "LITELLM_MASTER_KEY") // the settings always have a master key
	for _, name := range slices.Sorted(maps.Keys(isOptional)) {
		s.Variables = append(s.Variables, Variable{Name: name, Optional: isOptional[name]})
	}
}

// readVariables takes the keys that are files out of the variables, and adds the services' own ones.
func (s *Stack) readVariables(cfg *config.Config) {
	files := map[string]Key{}
	for credential, variable := range nameKeys(cfg) {
		file := cmp.Or(cfg.Credentials[credential].File, filepath.Join(cfg.Paths.Secrets(), "gateway.key"))
		files[variable] = Key{variable, credential, relativeTo(cfg.Dir, file)}
	}
	s.Variables = slices.DeleteFunc(s.Variables, func(v Variable) bool {
		key, isFile := files[v.Name]
		if isFile {
			s.Keys = append(s.Keys, key)
		}
		return isFile
	})
	keys, err := clientkey.Read(cfg.Paths.Secrets())
	s.ClientKeys = err == nil && len(keys) > 0
	s.ClientKeysFile = relativeTo(cfg.Dir, filepath.Join(cfg.Paths.Secrets(), clientkey.FileName))
	s.Variables = addServiceVariables(s.Variables, s.Router)
	if s.Upstream != nil {
		s.UpstreamVariables = addServiceVariables(nil, *s.Upstream)
	}
}

// addServiceVariables adds what services.NAME.env sets, and the variables that it refers to.
func addServiceVariables(all []Variable, svc config.Service) []Variable {
	byName := map[string]Variable{}
	for _, v := range all {
		byName[v.Name] = v
	}
	for name, value := range svc.Env {
		for _, ref := range references(value) {
			if _, isSet := svc.Env[ref]; !isSet { // a variable that the service sets itself stays what it sets
				byName[ref] = Variable{Name: ref}
			}
		}
		if value == "${"+name+"}" {
			byName[name] = Variable{Name: name}
		} else {
			byName[name] = Variable{Name: name, Value: value, IsPlain: true}
		}
	}
	// those that others refer to come first: Kubernetes expands $(NAME) only of variables above
	return slices.SortedFunc(maps.Values(byName), func(a, b Variable) int {
		if a.IsPlain != b.IsPlain {
			return map[bool]int{false: -1, true: 1}[a.IsPlain]
		}
		return cmp.Compare(a.Name, b.Name)
	})
}

// checkVariables returns the fault deploy-unsupported for a name that is not that of a variable: the files of a
// deployment have names as they are.
func (s *Stack) checkVariables() error {
	all := slices.Concat(s.Variables, s.UpstreamVariables)
	for _, v := range all {
		for _, name := range references(v.Value) {
			all = append(all, Variable{Name: name})
		}
	}
	for _, v := range all {
		isWord := strings.Map(upperWordByte, v.Name) == strings.ToUpper(v.Name)
		if !isWord || v.Name == "" || v.Name[0] >= '0' && v.Name[0] <= '9' {
			return fault.Usage("deploy-unsupported", "%q is not the name of an environment variable", v.Name).
				WithHint("a name has letters of ASCII, digits and _, as in os.environ/OPENAI_API_KEY")
		}
	}
	return nil
}

// IsComposed reports whether the value is not known here, since it names other variables.
func (v Variable) IsComposed() bool { return v.IsPlain && len(references(v.Value)) > 0 }

// Shell returns the value as one word of a POSIX shell that has the variables that it names; the shell ends with
// a message when one is not set.
func (v Variable) Shell() string {
	var word strings.Builder
	rest := v.Value
	for _, name := range references(rest) {
		before, after, _ := strings.Cut(rest, "${"+name+"}")
		word.WriteString(quoteLiteral(before) + `"${` + name + `?set it before this command}"`)
		rest = after
	}
	return word.String() + quoteLiteral(rest)
}

// quoteLiteral returns a text in quotation marks of a POSIX shell, "" for none.
func quoteLiteral(text string) string {
	if text == "" {
		return ""
	}
	return "'" + strings.ReplaceAll(text, "'", `'\''`) + "'"
}

// references returns the names of the ${NAME} references in a value.
func references(value string) (names []string) {
	for {
		_, rest, found := strings.Cut(value, "${")
		name, tail, isClosed := strings.Cut(rest, "}")
		if !found || !isClosed {
			return names
		}
		names, value = append(names, name), tail
	}
}

// relativeTo returns a path relative to dir when it is in dir or in the folder above it, else as it is.
func relativeTo(dir, path string) string {
	rel, err := filepath.Rel(dir, path)
	if err != nil || strings.HasPrefix(rel, "../../") {
		return path
	}
	return rel
}

// readUpstreamFile fills in where CLIProxyAPI's own file is.
func (s *Stack) readUpstreamFile(cfg *config.Config) {
	if s.Upstream != nil && s.Upstream.Runtime == config.RuntimeCLIProxyAPI && cfg.CLIProxyConfigFile != "" {
		s.CLIProxyFile = relativeTo(cfg.Dir, cfg.CLIProxyConfigFile)
	}
}
