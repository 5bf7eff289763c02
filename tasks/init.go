package tasks

import (
	"bufio"
	"context"
	"io"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/flowgate-go/flowgate/internal/config"
	"github.com/flowgate-go/flowgate/internal/fault"
	"github.com/flowgate-go/flowgate/internal/preview"
	"github.com/flowgate-go/flowgate/internal/scaffold"
	"github.com/flowgate-go/flowgate/internal/terminal"
	"github.com/flowgate-go/flowgate/internal/trust"
)

// Init writes a configuration, keys and folders, and says what to type next; -from takes another router's file, -upstream a provider.
func Init(
	ctx context.Context,
	runtime *string,
	upstream *string,
	from *string,
	ignore *string,
	model *string,
	address *string,
	stdin *bool,
	port *int,
	upstreamPort *int,
	force *bool,
) error {
	return run(ctx, "init", func(ctx context.Context, s session) (any, error) {
		f := initFlags{deref(upstream), deref(from), deref(ignore), deref(model), deref(address), deref(stdin)}
		o := scaffold.Options{Runtime: deref(runtime), RouterPort: deref(port), UpstreamPort: deref(upstreamPort),
			Force: deref(force)}
		return s.writeInstallation(ctx, o, f)
	})
}

// initFlags holds the flags of init that say what the router is to serve.
type initFlags struct {
	upstream, from, ignore, model, address string
	stdin                                  bool
}

// initResult is the data of init: what was written, and what the router serves with it.
type initResult struct {
	scaffold.Result
	Preview *preview.Preview `json:"preview,omitempty"` // nil for the built-in deployments
}

// writeInstallation writes the files of a new installation and records that it is trusted. Its
// result is an initResult.
func (s session) writeInstallation(ctx context.Context, o scaffold.Options, f initFlags) (any, error) {
	if err := s.prepareInit(); err != nil {
		return nil, err
	}
	source, err := s.readSource(ctx, f)
	if err != nil {
		return nil, err
	}
	if o.Source = source; source == nil {
		o.Upstream = f.upstream
	}
	result, err := scaffold.Init(o)
	if err != nil {
		return nil, err
	}
	s.noteKeptKeys(result.Kept)
	data := initResult{Result: result}
	if source == nil {
		if o.Upstream == "" {
			data.Found = scaffold.FindOffers(ctx, ".", s.getenv("HOME"), s.getenv)
		}
		return data, s.trustInit()
	}
	p, err := preview.File(scaffold.File, "", s.getenv)
	if err != nil {
		return data, err
	}
	data.Preview = &p
	return data, s.trustInit()
}

// prepareInit creates the key of trust records if it is missing, and returns a fault when init
// cannot, or must not, write in the working folder.
func (s session) prepareInit() error {
	if file := s.line.Common["config"]; file != "" && filepath.Clean(file) != scaffold.File {
		return fault.Usage("flag-invalid", "init writes %s in the folder where it is typed, and not -config=%s",
			scaffold.File, file).
			WithHint("go to the folder that is to hold it")
	}
	here, err := os.Getwd()
	if err == nil {
		err = trust.CheckStateHome(&config.Config{Dir: here}, s.getenv)
	}
	if err != nil {
		return err
	}
	_, err = trust.EnsureKey(s.getenv) // trustInit needs it, after the files are written
	return err
}

// readSource returns where the deployments come from, nil for the built-in ones.
func (s session) readSource(ctx context.Context, f initFlags) (*scaffold.Source, error) {
	switch {
	case f.from != "" && !scaffold.IsRuntime(f.upstream):
		return nil, fault.Usage("flag-invalid", "-from and -upstream=%s exclude each other", f.upstream).
			WithHint("take the file over first, then add the provider's deployments to config/flowgate.yaml")
	case f.from != "":
		source, err := scaffold.TakeFile(f.from, ".", splitList(f.ignore), s.getenv)
		return &source, checkPathHint(err)
	case scaffold.IsRuntime(f.upstream):
		return nil, nil
	}
	source, err := s.readProvider(ctx, f)
	return &source, err
}

// readProvider returns the deployments of the provider that -upstream names.
func (s session) readProvider(ctx context.Context, f initFlags) (scaffold.Source, error) {
	u, err := scaffold.FindUpstream(f.upstream, f.address, s.getenv)
	if err != nil {
		return scaffold.Source{}, err
	}
	models := splitList(f.model)
	if len(models) == 0 {
		if models = u.KnownModels(); u.Local {
			models, err = scaffold.ListModels(ctx, u)
		}
	}
	switch {
	case err != nil:
		return scaffold.Source{}, err
	case len(models) == 0:
		return scaffold.Source{}, fault.Usage("argument-missing", "init -upstream=%s needs -model=NAME: its models are "+
			"not known here", f.upstream).WithHint("name one, or two: -model=LARGE,SMALL")
	}
	key, err := s.readProviderKey(u, f.stdin)
	return u.Source(models[:min(len(models), 2)], key), err
}

// readProviderKey returns a provider's key: from stdin when that is asked for, from the
// provider's variable, or from a prompt without echo; "" for a provider that needs none.
func (s session) readProviderKey(u scaffold.Upstream, stdin bool) (string, error) {
	if stdin {
		return s.readSecretLine()
	}
	if key, variable := u.Key(s.getenv); variable != "" {
		s.writeLines("took the key from " + variable)
		return strings.TrimSpace(key), nil
	}
	if u.KeyOptional {
		return "", nil
	}
	ask := s.newTerminal().Secret
	if ask == nil {
		return "", fault.Usage("credential-input", "the key of %s is not known", u.Name).
			WithHint("export %s=…, pipe it in with -stdin, or type it in a terminal", u.KeyVariables[0])
	}
	key, err := ask("Key of " + u.Name + " (not shown): ")
	if key = strings.TrimSpace(key); err == nil && key == "" {
		err = fault.Usage("credential-input", "no key was typed").WithHint("type or paste it, then Enter")
	}
	return key, err
}

// noteKeptKeys says on stderr which keys existed before init.
func (s session) noteKeptKeys(kept []string) {
	if len(kept) > 0 {
		s.writeLines("kept the keys that were here before: " + strings.Join(kept, ", ") +
			"; remove them and run init again if they are not yours")
	}
}

// splitList returns the items of a list that are separated by commas or spaces.
func splitList(text string) []string {
	return strings.FieldsFunc(text, func(r rune) bool { return r == ',' || r == ' ' })
}

// trustInit records that the configuration that init has just written is trusted.
func (s session) trustInit() error {
	cfg, err := config.Load(scaffold.File, s.getenv)
	if err != nil {
		return err
	}
	_, err = trust.WriteRecord(cfg, "init", time.Now(), s.getenv)
	return err
}

// readSecretLine returns the first line of stdin, of at most 64 KiB, without the white space
// around it. Fault: credential-input.
func (s session) readSecretLine() (string, error) {
	line, _ := bufio.NewReader(io.LimitReader(s.stdin, 64<<10)).ReadString('\n')
	if line = strings.TrimSpace(line); line == "" {
		return "", fault.Usage("credential-input", "the first line of stdin has no key").
			WithHint("pipe the key in as one line")
	}
	return line, nil
}

// Print implements report.Printed: the table of what is served, what was written, what else
// was found, and what to type next.
func (d initResult) Print(p *terminal.Printer) {
	if d.Preview != nil {
		d.Preview.Print(p)
	}
	for _, o := range d.Found {
		p.Note(terminal.Plain, o.Found+"; to use that: "+o.Command+" -force")
	}
	d.Result.Print(p)
}
