package script_test

import (
	"debug/elf"
	"testing"
)

func TestTheCompiledBinaryIsStatic(t *testing.T) {
	t.Parallel()
	file, err := elf.Open(binary)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	for _, p := range file.Progs {
		if p.Type == elf.PT_INTERP {
			t.Error("it needs a dynamic linker, and so a C library")
		}
	}
}
