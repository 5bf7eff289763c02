package doctor

import (
	"bytes"
	"context"
	"debug/elf"
	"debug/macho"
	"fmt"
	"io"
	"os"
	"os/exec"
	"runtime"
	"strings"

	"github.com/flowgate-go/flowgate/checks"
	"github.com/flowgate-go/flowgate/internal/regular"
)

func (s *subject) runtimesArchitecture() checks.Check {
	return checks.Check{
		ID: "runtimes.architecture", Title: "Every program is made for this machine", Needs: []string{"config.valid", "runtimes.installed"},
		About: "Reads the head of each program: an ELF or Mach-O file has to be for this system and processor, and the interpreter that a script names in its first line has to exist (the usual end of a virtual environment whose Python was upgraded or that was moved). Otherwise the start ends with \"exec format error\" or \"no such file\" about a file that is plainly there.",
		Run: func(context.Context) checks.Outcome {
			var bad []string
			for _, svc := range s.cfg.Services {
				spec, err := s.command(svc)
				if err != nil || spec.Args[0] == s.o.Self {
					continue
				}
				if why := unfit(spec.Args[0]); why != "" {
					bad = append(bad, fmt.Sprintf("%s: %s %s", svc.Name, s.shown(spec.Args[0]), why))
				}
			}
			if len(bad) == 0 {
				return checks.Passed(nil)
			}
			return checks.Failed("%s", strings.Join(bad, "; ")).WithFix("", "install it for "+runtime.GOOS+"/"+runtime.GOARCH)
		},
	}
}

// unfit says why this machine cannot execute a file, "" when it can or when
// that cannot be told.
func unfit(path string) string {
	f, err := regular.Open(path)
	if err != nil {
		return ""
	}
	defer func() { _ = f.Close() }()
	head := make([]byte, 256)
	n, _ := io.ReadFull(f, head)
	head = head[:n]
	switch {
	case bytes.HasPrefix(head, []byte("#!")):
		return unfitScript(head)
	case bytes.HasPrefix(head, []byte(elf.ELFMAG)):
		return unfitELF(f)
	case len(head) >= 4 && (bytes.HasPrefix(head, []byte{0xcf, 0xfa, 0xed, 0xfe}) || bytes.HasPrefix(head, []byte{0xca, 0xfe, 0xba, 0xbe})):
		return unfitMachO(f)
	case n == 0:
		return "is empty"
	}
	return "is neither a program nor a script that begins with #!"
}

func unfitScript(head []byte) string {
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

// machines are the ELF names of Go's processors that releases are made for.
var machines = map[string]elf.Machine{"amd64": elf.EM_X86_64, "arm64": elf.EM_AARCH64}

func unfitELF(f io.ReaderAt) string {
	bin, err := elf.NewFile(f)
	if err != nil {
		return "is a damaged ELF file"
	}
	want, known := machines[runtime.GOARCH]
	switch {
	case runtime.GOOS != "linux":
		return "is a program for Linux, and this is " + runtime.GOOS
	case known && bin.Machine != want:
		return fmt.Sprintf("is made for %s, and this machine is %s", bin.Machine, want)
	}
	return ""
}

func unfitMachO(f io.ReaderAt) string {
	if runtime.GOOS != "darwin" {
		return "is a program for macOS, and this is " + runtime.GOOS
	}
	if fat, err := macho.NewFatFile(f); err == nil {
		for _, arch := range fat.Arches {
			if fits(arch.Cpu) {
				return ""
			}
		}
		return "is made for other processors than this machine's " + runtime.GOARCH
	}
	bin, err := macho.NewFile(f)
	if err != nil {
		return "is a damaged Mach-O file"
	}
	if !fits(bin.Cpu) {
		return fmt.Sprintf("is made for %s, and this machine is %s", bin.Cpu, runtime.GOARCH)
	}
	return ""
}

// fits reports a processor's programs that run here; Rosetta runs those of
// Intel on Apple silicon.
func fits(cpu macho.Cpu) bool {
	return cpu == macho.CpuAmd64 || cpu == macho.CpuArm64 && runtime.GOARCH == "arm64"
}
