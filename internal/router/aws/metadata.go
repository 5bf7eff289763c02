package aws

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/netip"
	"net/url"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"

	"github.com/flowgate-go/flowgate/internal/router/renewal"
	"github.com/flowgate-go/flowgate/internal/safefile"
)

// Addresses at which containers and machines of AWS's find their credentials.
const (
	containerHost = "http://169.254.170.2"
	machineHost   = "http://169.254.169.254"
)

// metadata has the credentials of a container or of a machine.
type metadata struct {
	AccessKeyID     string `json:"AccessKeyId"`
	SecretAccessKey string
	Token           string
	Expiration      time.Time
}

// askContainer asks the container's host for credentials.
func (s *Signer) askContainer(ctx context.Context) (aws.Credentials, error) {
	getenv := s.access.Getenv
	address := getenv("AWS_CONTAINER_CREDENTIALS_FULL_URI")
	if relative := getenv("AWS_CONTAINER_CREDENTIALS_RELATIVE_URI"); relative != "" {
		address = containerHost + relative
	}
	u, err := url.Parse(address)
	if err != nil || !isLocalMetadata(u) {
		return aws.Credentials{}, &renewal.Error{Text: "AWS_CONTAINER_CREDENTIALS_FULL_URI must begin with https://, or " +
			"name this machine or an address of AWS's containers"}
	}
	header := http.Header{"Accept": {"application/json"}}
	token := getenv("AWS_CONTAINER_AUTHORIZATION_TOKEN")
	if file := getenv("AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE"); file != "" {
		const maxToken = 64 << 10
		text, err := safefile.Read(file, maxToken)
		if err != nil {
			return aws.Credentials{}, &renewal.Error{Text: "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE cannot be read", Err: err}
		}
		token = strings.TrimSpace(string(text))
	}
	if token != "" {
		header.Set("Authorization", token)
	}
	text, err := s.askLocal(ctx, http.MethodGet, u.String(), header)
	if err != nil {
		return aws.Credentials{}, &renewal.Error{Text: "the container's credentials cannot be had", Err: err,
			IsTemporary: true}
	}
	return readMetadata(text)
}

// isLocalMetadata reports whether a container's token may be sent to an address, by the rules
// of AWS's SDKs.
func isLocalMetadata(u *url.URL) bool {
	if u.Scheme == "https" || u.Hostname() == "localhost" {
		return true
	}
	ip, err := netip.ParseAddr(u.Hostname())
	return u.Scheme == "http" && err == nil && (ip.IsLoopback() || ip.String() == "169.254.170.2" ||
		ip.String() == "169.254.170.23" || ip.String() == "fd00:ec2::23")
}

// askMachine asks the metadata service of an EC2 machine, version 2, for the credentials of
// its role.
func (s *Signer) askMachine(ctx context.Context) (aws.Credentials, error) {
	getenv := s.access.Getenv
	if strings.EqualFold(getenv("AWS_EC2_METADATA_DISABLED"), "true") {
		return aws.Credentials{}, missingCredentials(nil)
	}
	base := strings.TrimRight(cmp.Or(getenv("AWS_EC2_METADATA_SERVICE_ENDPOINT"), machineHost), "/") + "/latest/"
	token, err := s.askLocal(ctx, http.MethodPut, base+"api/token",
		http.Header{"X-Aws-Ec2-Metadata-Token-Ttl-Seconds": {"21600"}})
	if err != nil {
		return aws.Credentials{}, missingCredentials(nil)
	}
	header := http.Header{"X-Aws-Ec2-Metadata-Token": {string(token)}}
	const path = "meta-data/iam/security-credentials/"
	name, err := s.askLocal(ctx, http.MethodGet, base+path, header)
	if err != nil {
		return aws.Credentials{}, missingCredentials(fmt.Errorf("this machine has no role: %w", err))
	}
	first, _, _ := strings.Cut(strings.TrimSpace(string(name)), "\n")
	text, err := s.askLocal(ctx, http.MethodGet, base+path+url.PathEscape(first), header)
	if err != nil {
		return aws.Credentials{}, missingCredentials(err)
	}
	return readMetadata(text)
}

// askLocal asks a metadata service and returns its good answer.
func (s *Signer) askLocal(ctx context.Context, method, address string, header http.Header) ([]byte, error) {
	req, err := http.NewRequestWithContext(ctx, method, address, nil)
	if err != nil {
		return nil, err
	}
	req.Header = header
	text, status, err := fetch(s.local, req)
	if err == nil && status != http.StatusOK {
		err = fmt.Errorf("the metadata service answered %d", status)
	}
	return text, err
}

// readMetadata returns the credentials in an answer of a metadata service.
func readMetadata(text []byte) (aws.Credentials, error) {
	var m metadata
	if err := json.Unmarshal(text, &m); err != nil || m.AccessKeyID == "" || m.SecretAccessKey == "" {
		return aws.Credentials{}, &renewal.Error{Text: "the answer of the metadata service has no credentials"}
	}
	return aws.Credentials{AccessKeyID: m.AccessKeyID, SecretAccessKey: m.SecretAccessKey, SessionToken: m.Token,
		CanExpire: !m.Expiration.IsZero(), Expires: m.Expiration}, nil
}
