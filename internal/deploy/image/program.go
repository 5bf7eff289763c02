package image

import (
	"bytes"
	"debug/elf"

	"github.com/flowgate-go/flowgate/internal/fault"
	"github.com/flowgate-go/flowgate/internal/safefile"
)

// readProgram returns the program and its processor. Fault: image-program-unfit for one
// that does not run in an image without a C library.
func readProgram(path string) (program []byte, arch string, err error) {
	program, err = safefile.Read(path, safefile.BulkLimit)
	if err != nil {
		return nil, "", fault.New("image-program-unfit", "read the program: %w", err)
	}
	file, err := elf.NewFile(bytes.NewReader(program))
	if err != nil {
		return nil, "", unfit(path, "is not a program for Linux (%v)", err)
	}
	defer func() { _ = file.Close() }()
	if arch = architectureOf(file.Machine); arch == "" {
		return nil, "", unfit(path, "is for %s, and images are made for amd64 and arm64", file.Machine)
	}
	for _, p := range file.Progs {
		if p.Type == elf.PT_INTERP {
			return nil, "", unfit(path, "is linked dynamically: it needs a C library, which the image does not have")
		}
	}
	return program, arch, nil
}

// architectureOf returns a processor as images name it, "" for one that FlowGate is not released for.
func architectureOf(machine elf.Machine) string {
	switch machine {
	case elf.EM_X86_64:
		return "amd64"
	case elf.EM_AARCH64:
		return "arm64"
	}
	return ""
}

// unfit returns the fault for a program that an image cannot be made of.
func unfit(path, format string, args ...any) error {
	return fault.Usage("image-program-unfit", "%s "+format, append([]any{path}, args...)...).
		WithHint("run it with a static program for Linux: a release's, or one that is made in a clone by " +
			"CGO_ENABLED=0 GOOS=linux go tool mage -compile flowgate -ldflags='-s -w'")
}
