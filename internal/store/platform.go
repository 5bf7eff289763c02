package store

import (
	"debug/elf"
	"debug/macho"
	"fmt"
	"os"
	"runtime"
	"strings"

	"github.com/flowgate-go/flowgate/internal/fault"
)

// CheckPlatform refuses a program for another system or processor than this
// one. A script is for all. Fault: platform-wrong.
func CheckPlatform(path string) error {
	built, err := readPlatforms(path)
	if err != nil {
		return fault.New("platform-wrong", "%s is not a program for this machine: %w", path, err).
			WithHint("this machine is %s/%s", runtime.GOOS, runtime.GOARCH)
	}
	for _, b := range built {
		if b == "any" || b == runtime.GOOS+"/"+runtime.GOARCH {
			return nil
		}
	}
	return fault.New("platform-wrong", "%s is built for %s and this machine is %s/%s", path, strings.Join(built, ", "),
		runtime.GOOS, runtime.GOARCH).
		WithHint("get the one for %s/%s", runtime.GOOS, runtime.GOARCH)
}

// readPlatforms returns the platforms that a program was built for, from its header; a
// universal macOS binary is for several.
func readPlatforms(path string) ([]string, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	head := make([]byte, 4)
	if n, err := f.ReadAt(head, 0); n < 2 {
		return nil, fmt.Errorf("it is too short (%w)", err)
	}
	if head[0] == '#' && head[1] == '!' {
		return []string{"any"}, nil
	}
	if e, err := elf.NewFile(f); err == nil {
		return []string{"linux/" + archOrName(elfArch(e.Machine), e.Machine)}, nil
	}
	if m, err := macho.NewFile(f); err == nil {
		return []string{"darwin/" + archOrName(machoArch(m.Cpu), m.Cpu)}, nil
	}
	if fat, err := macho.NewFatFile(f); err == nil {
		var all []string
		for _, a := range fat.Arches {
			all = append(all, "darwin/"+archOrName(machoArch(a.Cpu), a.Cpu))
		}
		return all, nil
	}
	return nil, fmt.Errorf("it is neither an ELF nor a Mach-O program nor a script")
}

func elfArch(m elf.Machine) string {
	switch m {
	case elf.EM_X86_64:
		return "amd64"
	case elf.EM_AARCH64:
		return "arm64"
	}
	return ""
}

func machoArch(c macho.Cpu) string {
	switch c {
	case macho.CpuAmd64:
		return "amd64"
	case macho.CpuArm64:
		return "arm64"
	}
	return ""
}

func archOrName(known string, other fmt.Stringer) string {
	if known != "" {
		return known
	}
	return other.String()
}
