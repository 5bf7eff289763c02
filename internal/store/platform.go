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

// CheckPlatform returns a fault for a program that was built for another system or
// processor than this machine's. It accepts every script. Fault: platform-wrong.
func CheckPlatform(path string) error {
	platforms, err := readPlatforms(path)
	if err != nil {
		return fault.New("platform-wrong", "%s is not a program for this machine: %w", path, err).
			WithHint("this machine is %s/%s", runtime.GOOS, runtime.GOARCH)
	}
	for _, p := range platforms {
		if p == "any" || p == runtime.GOOS+"/"+runtime.GOARCH {
			return nil
		}
	}
	return fault.New("platform-wrong", "%s is built for %s and this machine is %s/%s", path,
		strings.Join(platforms, ", "), runtime.GOOS, runtime.GOARCH).
		WithHint("get the one for %s/%s", runtime.GOOS, runtime.GOARCH)
}

// readPlatforms returns the platforms that a program was built for, such as linux/amd64,
// from its header. A universal macOS binary has several; a script has "any".
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

// elfArch returns Go's name of a processor in an ELF header, "" when it has none here.
func elfArch(m elf.Machine) string {
	switch m {
	case elf.EM_X86_64:
		return "amd64"
	case elf.EM_AARCH64:
		return "arm64"
	}
	return ""
}

// machoArch returns Go's name of a processor in a Mach-O header, "" when it has none here.
func machoArch(c macho.Cpu) string {
	switch c {
	case macho.CpuAmd64:
		return "amd64"
	case macho.CpuArm64:
		return "arm64"
	}
	return ""
}

// archOrName returns arch, or the header's own name of the processor when arch is "".
func archOrName(arch string, processor fmt.Stringer) string {
	if arch != "" {
		return arch
	}
	return processor.String()
}
