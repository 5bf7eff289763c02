package textfile

import "bytes"

// Kind is a file format that holds no text: Magic stands At bytes from the beginning.
type Kind struct {
	At    int
	Magic string
}

// BinaryKinds lists the formats that are not searched: archives, programs,
// documents, fonts. They are the formats of h2non/filetype's type "application",
// by which gitleaks passes over a file; that library fills its tables when the
// program begins, which each command would wait for.
var BinaryKinds = [...]Kind{
	{0, "PK\x03\x04"}, {0, "PK\x05\x06"}, {0, "PK\x07\x08"}, // zip, and what is made of it: docx, epub, jar
	{257, "ustar"},
	{0, "Rar!\x1a\x07\x00"}, {0, "Rar!\x1a\x07\x01"},
	{0, "\x1f\x8b\x08"}, {0, "\x1f\xa0"}, {0, "\x1f\x9d"}, // gzip, compress
	{0, "BZh"}, {0, "7z\xbc\xaf\x27\x1c"}, {0, "\xfd7zXZ\x00"}, {0, "\x28\xb5\x2f\xfd"}, {0, "LZIP"},
	{0, "%PDF"},
	{0, "MZ"}, {0, "\x7fELF"}, {0, "\x00asm\x01\x00\x00\x00"},
	{0, "\xfe\xed\xfa\xcf"}, {0, "\xfe\xed\xfa\xce"}, {0, "\xbe\xba\xfe\xca"}, // Mach-O
	{0, "\xcf\xfa\xed\xfe"}, {0, "\xce\xfa\xed\xfe"}, {0, "\xca\xfe\xba\xbe"},
	{0, "CWS"}, {0, "FWS"}, {0, "SQLi"}, {0, "NES\x1a"}, {0, "Cr24"}, {0, "MSCF"}, {0, "ISc("},
	{0, "!<arch>"}, {0, "\xed\xab\xee\xdb"}, {128, "DICM"}, {32769, "CD001"}, // ar and deb, rpm, dicom, iso
	{0, "wOFF\x00\x01\x00\x00"}, {0, "wOF2\x00\x01\x00\x00"}, {0, "\x00\x01\x00\x00\x00"}, {0, "OTTO\x00"},
}

// IsBinary reports whether a file with this head is of a format that holds no text.
// A file of each of BinaryKinds has a zero byte somewhere early, and text has none:
// a text that merely begins with the letters MZ or BZh is searched.
func IsBinary(head []byte) bool {
	if bytes.IndexByte(head, 0) < 0 {
		return false
	}
	for _, k := range BinaryKinds {
		if end := k.At + len(k.Magic); len(head) >= end && string(head[k.At:end]) == k.Magic {
			return true
		}
	}
	return false
}
