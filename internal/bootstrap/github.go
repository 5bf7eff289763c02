package bootstrap

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/flowgate-go/flowgate/internal/download"
	"github.com/flowgate-go/flowgate/internal/fault"
)

// DefaultRepository is the GitHub repository that CLIProxyAPI comes from by default.
const DefaultRepository = "router-for-me/CLIProxyAPIPlus"

// githubRelease is a release in GitHub's REST API (version 2022-11-28).
type githubRelease struct {
	Tag    string        `json:"tag_name"`
	Assets []githubAsset `json:"assets"`
}

type githubAsset struct {
	Name string `json:"name"`
	URL  string `json:"browser_download_url"`
}

// github is a client of GitHub's REST API for one repository: at api.github.com, or at the
// enterprise server or mirror that GITHUB_API_URL names, as in GitHub's own actions.
type github struct {
	api, repository, token string
	client                 *http.Client
}

// githubClient returns the client for the repository that the request, else
// $FLOWGATE_CLIPROXYAPI_REPOSITORY, else the default names. Faults: repository-invalid,
// address-insecure.
func (r Request) githubClient() (github, error) {
	g := github{
		api: strings.TrimSuffix(r.Getenv("GITHUB_API_URL"), "/"), repository: r.Repository,
		token: r.Getenv("GITHUB_TOKEN"), client: download.Guard(r.Client),
	}
	if g.api == "" {
		g.api = "https://api.github.com"
	}
	if err := download.RequireSecure(g.api); err != nil {
		return g, err
	}
	if g.repository == "" {
		g.repository = r.Getenv("FLOWGATE_CLIPROXYAPI_REPOSITORY")
	}
	if g.repository == "" {
		g.repository = DefaultRepository
	}
	owner, name, ok := strings.Cut(g.repository, "/")
	if !ok || owner == "" || name == "" || url.PathEscape(owner) != owner || url.PathEscape(name) != name {
		return g, fault.Usage("repository-invalid", "%q is not the name of a repository", g.repository).
			WithHint("write OWNER/NAME, for example -repository=%s", DefaultRepository)
	}
	return g, nil
}

// findRelease returns the release with that version, or the latest for "". Its tag may have
// a leading v or not.
func (g github) findRelease(ctx context.Context, version string) (githubRelease, error) {
	if version == "" {
		return g.fetchRelease(ctx, "latest")
	}
	release, err := g.fetchRelease(ctx, "tags/v"+version)
	var f *fault.Error
	if errors.As(err, &f) && f.Code == "release-not-found" {
		release, err = g.fetchRelease(ctx, "tags/"+version)
	}
	return release, err
}

// fetchRelease returns the release at path: "latest" or "tags/TAG". Faults: those of get,
// release-unreadable.
func (g github) fetchRelease(ctx context.Context, path string) (githubRelease, error) {
	var release githubRelease
	data, err := g.get(ctx, g.api+"/repos/"+g.repository+"/releases/"+path, "application/vnd.github+json", g.token)
	if err != nil {
		return release, err
	}
	if err := json.Unmarshal(data, &release); err != nil || release.Tag == "" {
		return release, fault.New("release-unreadable", "%s does not answer as GitHub's API does", g.api).
			WithHint("check GITHUB_API_URL and HTTPS_PROXY; a sign-in page may answer in its place")
	}
	return release, nil
}

// get returns a document of at most 4 MB. It sends the token to the address itself, but not
// after a redirect. Faults: address-insecure, repository-invalid, download-failed,
// rate-limited, release-not-found, token-refused.
func (g github) get(ctx context.Context, address, accept, token string) ([]byte, error) {
	if err := download.RequireSecure(address); err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeout(ctx, 30*time.Second)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
	if err != nil {
		return nil, fault.Usage("repository-invalid", "ask %s: %w", address, err)
	}
	req.Header.Set("Accept", accept)
	if token != "" {
		req.Header.Set("Authorization", "Bearer "+token)
	}
	res, err := g.client.Do(req)
	var insecure *fault.Error
	if errors.As(err, &insecure) { // a redirect to an address that is not secure
		return nil, insecure
	}
	if err != nil {
		return nil, fault.New("download-failed", "ask %s: %w", address, fault.WithoutURL(err)).
			WithHint("check the network and HTTPS_PROXY; -offline -from=FILE installs what you fetched elsewhere")
	}
	defer res.Body.Close()
	if res.StatusCode != http.StatusOK {
		return nil, g.responseFault(res, address)
	}
	const maxSize = 4 << 20
	data, err := io.ReadAll(io.LimitReader(res.Body, maxSize+1))
	if err == nil && len(data) > maxSize {
		err = fmt.Errorf("it is larger than %d MB", maxSize>>20)
	}
	if err != nil {
		return nil, fault.New("download-failed", "read %s: %w", address, err).WithHint("try again")
	}
	return data, nil
}

// responseFault returns the fault for a reply with another status than 200.
func (g github) responseFault(res *http.Response, address string) error {
	isLimited := res.StatusCode == http.StatusTooManyRequests ||
		res.StatusCode == http.StatusForbidden && res.Header.Get("X-RateLimit-Remaining") == "0"
	switch {
	case isLimited:
		return fault.New("rate-limited", "%s allows no more requests for now%s", address, limitEnd(res.Header)).
			WithHint("set GITHUB_TOKEN to a token of yours (it needs no permission): 5000 requests an hour instead of 60")
	case res.StatusCode == http.StatusNotFound:
		return fault.New("release-not-found", "%s does not exist", address).
			WithHint("check -version and -repository against the repository's list of releases")
	case res.StatusCode == http.StatusUnauthorized:
		return fault.New("token-refused", "%s refuses GITHUB_TOKEN", address).WithHint("correct or unset it")
	}
	return fault.New("download-failed", "%s answered %s", address, res.Status).WithHint("try again later")
}

// limitEnd returns how long GitHub accepts no requests, as the end of a sentence; "" when the
// reply does not say.
func limitEnd(h http.Header) string {
	if seconds, err := strconv.Atoi(h.Get("Retry-After")); err == nil {
		return fmt.Sprintf(", for %d s", seconds)
	}
	if at, err := strconv.ParseInt(h.Get("X-RateLimit-Reset"), 10, 64); err == nil {
		return ", until " + time.Unix(at, 0).UTC().Format(time.RFC3339)
	}
	return ""
}
