package echo_test

import (
	"encoding/base64"
	"encoding/binary"
	"encoding/json"
	"math"
	"testing"

	"github.com/flowgate-go/flowgate/internal/router/echo"
	"github.com/tidwall/gjson"
)

func TestBothEncodingsHoldTheSameUnitVector(t *testing.T) {
	t.Parallel()
	url := serve(t, echo.Options{})
	plain := sendOK(t, "POST", url+"/v1/embeddings", `{"model":"e","input":"hi"}`)
	var floats []float32
	if err := json.Unmarshal([]byte(gjson.Get(plain.body, "data.0.embedding").Raw), &floats); err != nil {
		t.Fatal(err)
	}
	packed := sendOK(t, "POST", url+"/v1/embeddings", `{"model":"e","input":["hi"],"encoding_format":"base64"}`)
	raw, err := base64.StdEncoding.DecodeString(gjson.Get(packed.body, "data.0.embedding").String())
	if err != nil || len(floats) != 1536 || len(raw) != 4*len(floats) {
		t.Fatalf("%d floats, %d bytes, %v", len(floats), len(raw), err)
	}
	sum := 0.0
	for i, x := range floats {
		if y := math.Float32frombits(binary.LittleEndian.Uint32(raw[4*i:])); x != y {
			t.Fatalf("number %d is %v and %v", i, x, y)
		}
		sum += float64(x) * float64(x)
	}
	if math.Abs(sum-1) > 1e-4 {
		t.Errorf("the vector's length squared is %v", sum)
	}
}
