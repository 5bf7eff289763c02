package script_test

import (
	"encoding/json"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"testing"
)

// killedClients are clients with one and with two files, and what their user has in them; a
// file that is not named is not there before.
var killedClients = map[string]map[string]string{
	"codex":  {".codex/config.toml": "model = \"mine\" # my model\n\n[mcp_servers.docs]\ncommand = \"docs\"\n"},
	"gemini": {".gemini/.env": "MINE=1\r\n", ".gemini/settings.json": "{\n  // mine\n  \"ui\": {},\n}"},
	"pi":     {".pi/agent/settings.json": "{\"theme\": \"dark\"}\n", ".pi/agent/models.json": ""},
}

// setupSteps and restoreSteps are the failpoints of client:setup and client:restore.
var (
	setupSteps   = []string{"journal", "written", "journal-2", "written-2"}
	restoreSteps = []string{"restored-2", "restored"}
)

// clientFiles is the home folder of somebody whose client is set up and restored.
type clientFiles struct {
	*installation
	name          string
	before, after map[string]string // of each file; "" where it is not there
}

// readAll returns the client's files.
func (c *clientFiles) readAll() map[string]string {
	c.t.Helper()
	found := map[string]string{}
	for path := range killedClients[c.name] {
		text, err := os.ReadFile(filepath.Join(c.dir, path))
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			c.t.Fatal(err)
		}
		found[path] = string(text)
	}
	return found
}

// records returns what the records of client:setup say was in the files before, by their paths.
func (c *clientFiles) records() map[string]string {
	c.t.Helper()
	paths, err := filepath.Glob(filepath.Join(c.dir, "state/flowgate/clients/*.json"))
	if err != nil {
		c.t.Fatal(err)
	}
	found := map[string]string{}
	for _, path := range paths {
		var record struct {
			File    string
			Existed bool
			Before  []byte
		}
		text, err := os.ReadFile(path)
		if err == nil {
			err = json.Unmarshal(text, &record)
		}
		file, relErr := filepath.Rel(c.dir, record.File)
		if err != nil || relErr != nil || record.Existed != (c.before[file] != "") {
			c.t.Fatalf("%s: %v, %v: %s", path, err, relErr, text)
		}
		found[file] = string(record.Before)
	}
	return found
}

// checkTrue expects that each file is as before or as after, and that what was written is recorded.
func (c *clientFiles) checkTrue(title string) {
	c.t.Helper()
	records := c.records()
	for path, text := range c.readAll() {
		if text != c.before[path] && text != c.after[path] {
			c.t.Errorf("%s: %s is neither as before nor as after:\n%s", title, path, text)
		}
		record, isRecorded := records[path]
		if text != c.before[path] && !isRecorded || isRecorded && record != c.before[path] {
			c.t.Errorf("%s: %s: recorded %v: %q", title, path, isRecorded, record)
		}
	}
}

// expect compares the files with those that are wanted.
func (c *clientFiles) expect(title string, want map[string]string) {
	c.t.Helper()
	for path, text := range c.readAll() {
		if text != want[path] {
			c.t.Errorf("%s: %s is\n%q, not\n%q", title, path, text, want[path])
		}
	}
}

// kill has a command end at a step by SIGKILL.
func (c *clientFiles) kill(step string, args ...string) {
	c.t.Helper()
	o, err := c.runProgram([]string{"FLOWGATE_FAILPOINT=" + step}, args...)
	if err != nil || o.status != -1 {
		c.t.Fatalf("%v, %s: it was not killed there: %+v, %v", args, step, o, err)
	}
	c.checkTrue(c.name + ": " + args[0] + " killed at " + step)
}

// recover expects that a restore, or a second setup and a restore, put everything right.
func (c *clientFiles) recover(title string, withSetup bool) {
	c.t.Helper()
	if withSetup {
		c.run("client:setup", c.name)
		c.expect(title+", set up again", c.after)
	}
	c.run("client:restore", c.name)
	c.expect(title+", restored", c.before)
	if left := c.records(); len(left) > 0 {
		c.t.Errorf("%s: records are left: %v", title, left)
	}
}

func TestAClientsSetupAndRestoreKilledAtAnyStepCanBePutRight(t *testing.T) {
	t.Parallel()
	for name, before := range killedClients {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c := &clientFiles{installation: initialised(t), name: name, before: before}
			for path, text := range before {
				if text == "" {
					continue
				}
				full := filepath.Join(c.dir, path)
				if err := errors.Join(os.MkdirAll(filepath.Dir(full), 0o700), os.WriteFile(full, []byte(text), 0o600)); err != nil {
					t.Fatal(err)
				}
			}
			c.run("client:setup", name)
			c.after = c.readAll()
			c.checkTrue(name)
			c.recover(name, false)
			for _, step := range setupSteps[:2*len(before)] {
				for _, withSetup := range []bool{false, true} {
					c.kill(step, "client:setup", name)
					c.recover("setup killed at "+step, withSetup)
				}
			}
			for _, step := range restoreSteps[2-len(before):] {
				for _, withSetup := range []bool{false, true} {
					c.run("client:setup", name)
					c.kill(step, "client:restore", name)
					c.recover("restore killed at "+step, withSetup)
				}
			}
		})
	}
}
