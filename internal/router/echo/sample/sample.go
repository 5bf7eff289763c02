// Package sample makes a small picture and a small sound that are functions of a seed,
// for replies of the echo upstream that are not texts. Call PNG or WAV.
package sample

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"image"
	"image/color"
	"image/png"
)

// side is the width and height of a picture in pixels.
const side = 8

// PNG returns a PNG file with a picture of 8 by 8 pixels in two colours, always the same one for the same seed.
func PNG(seed string) []byte {
	sum := sha256.Sum256([]byte(seed))
	palette := color.Palette{color.RGBA{sum[0], sum[1], sum[2], 255}, color.RGBA{sum[3], sum[4], sum[5], 255}}
	picture := image.NewPaletted(image.Rect(0, 0, side, side), palette)
	for i := range picture.Pix {
		picture.Pix[i] = sum[8+i/8] >> (i % 8) & 1
	}
	var b bytes.Buffer
	if err := png.Encode(&b, picture); err != nil {
		return nil // cannot happen: a bytes.Buffer takes every write
	}
	return b.Bytes()
}

// The form of a sound.
const (
	rate    = 8000     // samples a second
	samples = rate / 5 // a fifth of a second
	silence = 128      // the middle of the range of a one-byte sample
	volume  = 48       // how far the tone is from the middle
)

// WAV returns a WAV file with a tone of a fifth of a second, always the same one for the same seed.
func WAV(seed string) []byte {
	sum := sha256.Sum256([]byte(seed))
	half := 4 + int(sum[0])%16 // samples in half a wave
	b := append([]byte("RIFF"), binary.LittleEndian.AppendUint32(nil, 36+samples)...)
	b = append(b, "WAVEfmt "...)
	for _, field := range []any{uint32(16), uint16(1), uint16(1), uint32(rate), uint32(rate), uint16(1), uint16(8)} {
		b, _ = binary.Append(b, binary.LittleEndian, field) // cannot fail: these types have a fixed size
	}
	b = append(b, "data"...)
	b = binary.LittleEndian.AppendUint32(b, samples)
	for i := range samples {
		if i/half%2 == 0 {
			b = append(b, silence+volume)
		} else {
			b = append(b, silence-volume)
		}
	}
	return b
}
