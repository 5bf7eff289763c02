package sample_test

import (
	"bytes"
	"encoding/binary"
	"image/png"
	"testing"

	"github.com/flowgate-go/flowgate/internal/router/echo/sample"
)

func TestPicturesAndSoundsAreFunctionsOfTheSeed(t *testing.T) {
	t.Parallel()
	for name, produce := range map[string]func(string) []byte{"PNG": sample.PNG, "WAV": sample.WAV} {
		if !bytes.Equal(produce("a"), produce("a")) || bytes.Equal(produce("a"), produce("b")) {
			t.Errorf("%s: the same seed gives another one, or another seed the same", name)
		}
	}
	if _, err := png.Decode(bytes.NewReader(sample.PNG("a"))); err != nil {
		t.Error(err)
	}
	wav := sample.WAV("a")
	if string(wav[:4]) != "RIFF" || string(wav[8:16]) != "WAVEfmt " || string(wav[36:40]) != "data" ||
		int(binary.LittleEndian.Uint32(wav[4:])) != len(wav)-8 || int(binary.LittleEndian.Uint32(wav[40:])) != len(wav)-44 {
		t.Errorf("% x", wav[:44])
	}
}
