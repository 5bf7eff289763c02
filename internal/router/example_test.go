package router_test

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"

	"github.com/flowgate-go/flowgate/internal/router"
	"github.com/flowgate-go/flowgate/internal/router/echo"
	"github.com/flowgate-go/flowgate/internal/router/settings"
)

// A router in front of the echo upstream: the client asks for a group, the upstream
// gets its own name of the model, and the client sees the group's again.
func Example() {
	upstream := httptest.NewServer(echo.New(echo.Options{Keys: []string{"sk-upstream"}}))
	defer upstream.Close()
	folder, err := os.MkdirTemp("", "router")
	if err != nil {
		fmt.Println(err)
		return
	}
	defer os.RemoveAll(folder)
	file := filepath.Join(folder, "litellm.yaml")
	yaml := `model_list:
  - model_name: fast
    litellm_params: {model: openai/gpt-5-mini, api_base: ` + upstream.URL + `/v1, api_key: sk-upstream}
general_settings: {master_key: sk-client}
`
	if err := os.WriteFile(file, []byte(yaml), 0o600); err != nil {
		fmt.Println(err)
		return
	}
	loaded, err := settings.Load(file, os.Getenv)
	if err != nil {
		fmt.Println(err)
		return
	}
	r, err := router.New(loaded, router.Options{})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer r.Close()
	server := httptest.NewServer(r)
	defer server.Close()

	body := `{"model":"fast","messages":[{"role":"user","content":"hello"}]}`
	req, err := http.NewRequest(http.MethodPost, server.URL+"/v1/chat/completions", strings.NewReader(body))
	if err != nil {
		fmt.Println(err)
		return
	}
	req.Header.Set("Authorization", "Bearer sk-client")
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		fmt.Println(err)
		return
	}
	defer res.Body.Close()
	reply, err := io.ReadAll(res.Body)
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(res.Status, res.Header.Get("X-Litellm-Model-Name"))
	fmt.Println(strings.Contains(string(reply), `"model":"fast"`), strings.Contains(string(reply), "echo: hello"))
	// Output:
	// 200 OK openai/gpt-5-mini
	// true true
}
