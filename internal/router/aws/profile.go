package aws

import (
	"cmp"
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"

	"github.com/flowgate-go/flowgate/internal/router/renewal"
	"github.com/flowgate-go/flowgate/internal/safefile"
)

// maxSharedFile is the largest shared file of AWS's that is read, in bytes.
const maxSharedFile = 1 << 20

// maxProfiles is how many profiles may refer to each other.
const maxProfiles = 8

// profile is the settings of a profile of AWS's shared files.
type profile map[string]string

// sharedFiles returns the profiles of the shared credentials file and of the config file, by
// name. What stands in the first counts before what stands in the second.
func (s *Signer) sharedFiles() map[string]profile {
	getenv := s.access.Getenv
	path := func(variable, name string) string {
		if p := getenv(variable); p != "" {
			return p
		}
		home := getenv("HOME")
		if home == "" {
			home, _ = os.UserHomeDir() // without one, there are no files
		}
		return filepath.Join(home, ".aws", name)
	}
	all := map[string]profile{}
	read := func(file, prefix string) {
		text, err := safefile.Read(file, maxSharedFile)
		if err != nil {
			return // as for AWS's SDKs, a file that cannot be read has no profiles
		}
		for name, settings := range parseProfiles(string(text), prefix) {
			if all[name] == nil {
				all[name] = profile{}
			}
			for key, value := range settings {
				all[name][key] = value
			}
		}
	}
	read(path("AWS_CONFIG_FILE", "config"), "profile ")
	read(path("AWS_SHARED_CREDENTIALS_FILE", "credentials"), "")
	return all
}

// parseProfiles returns the profiles in the text of a shared file. prefix stands before each
// name but default. Settings within a setting, which are indented, are left out.
func parseProfiles(text, prefix string) map[string]profile {
	all := map[string]profile{}
	var current profile
	for line := range strings.Lines(text) {
		trimmed := strings.TrimSpace(line)
		switch {
		case trimmed == "" || trimmed[0] == '#' || trimmed[0] == ';':
		case trimmed[0] == '[':
			name, _, ok := strings.Cut(trimmed[1:], "]")
			current = nil
			if name = strings.TrimSpace(name); !ok {
				break
			}
			if bare, isPrefixed := strings.CutPrefix(name, prefix); isPrefixed || name == "default" {
				bare = strings.TrimSpace(bare)
				if all[bare] == nil {
					all[bare] = profile{}
				}
				current = all[bare]
			} else if strings.HasPrefix(name, "sso-session ") {
				current = profile{}
				all[name] = current
			}
		case current == nil || line[0] == ' ' || line[0] == '\t':
		default:
			if key, value, ok := strings.Cut(trimmed, "="); ok {
				value, _, _ = strings.Cut(value, " #")
				current[strings.ToLower(strings.TrimSpace(key))] = strings.TrimSpace(value)
			}
		}
	}
	return all
}

// hasProfile reports whether the shared files have a profile with settings.
func (s *Signer) hasProfile(name string) bool { return len(s.sharedFiles()[name]) > 0 }

// FindRegion returns the region that the environment or the shared files name, else LiteLLM's
// default.
func (a *Access) FindRegion() string {
	for _, variable := range [...]string{"AWS_REGION_NAME", "AWS_REGION", "AWS_DEFAULT_REGION"} {
		if region := a.Getenv(variable); region != "" {
			return region
		}
	}
	name := cmp.Or(a.ProfileName, a.Getenv("AWS_PROFILE"), "default")
	return cmp.Or((&Signer{access: *a}).sharedFiles()[name]["region"], "us-west-2")
}

// readProfile returns the credentials of a profile.
func (s *Signer) readProfile(ctx context.Context, name string) (aws.Credentials, error) {
	return s.followProfile(ctx, s.sharedFiles(), name, maxProfiles)
}

// followProfile returns the credentials of a profile, which may refer to others. left is how
// many more may be followed.
func (s *Signer) followProfile(ctx context.Context, all map[string]profile, name string, left int) (aws.Credentials,
	error) {
	p := all[name]
	problem := func(format string, args ...any) error {
		return &renewal.Error{Text: fmt.Sprintf("profile %q of AWS's shared files "+format, append([]any{name}, args...)...)}
	}
	switch {
	case left == 0:
		return aws.Credentials{}, problem("refers to too many others")
	case p == nil:
		return aws.Credentials{}, problem("does not exist: correct aws_profile_name, or type aws configure")
	case p["role_arn"] != "" && p["web_identity_token_file"] != "":
		return s.assumeByToken(ctx, p["role_arn"], p["web_identity_token_file"])
	case p["role_arn"] != "":
		base, err := s.profileSource(ctx, all, name, left)
		if err != nil {
			return base, err
		}
		return s.assumeRole(ctx, base, role{arn: p["role_arn"], session: p["role_session_name"],
			externalID: p["external_id"]})
	case p["aws_access_key_id"] != "" && p["aws_secret_access_key"] != "":
		return aws.Credentials{AccessKeyID: p["aws_access_key_id"], SecretAccessKey: p["aws_secret_access_key"],
			SessionToken: p["aws_session_token"]}, nil
	case p["sso_account_id"] != "":
		return s.askSSO(ctx, all, p)
	case p["credential_process"] != "":
		return aws.Credentials{}, problem("has a credential_process, which the router does not execute: "+
			"type eval \"$(aws configure export-credentials --profile %s --format env)\" before the start", name)
	}
	return aws.Credentials{}, problem("has no credentials")
}

// profileSource returns the credentials by which the role of a profile is assumed.
func (s *Signer) profileSource(ctx context.Context, all map[string]profile, name string, left int) (aws.Credentials,
	error) {
	p := all[name]
	if source := p["source_profile"]; source != "" {
		if source == name { // the keys stand beside the role
			keys := profile{}
			for key, value := range p {
				if key != "role_arn" {
					keys[key] = value
				}
			}
			return s.followProfile(ctx, map[string]profile{name: keys}, name, left-1)
		}
		return s.followProfile(ctx, all, source, left-1)
	}
	switch p["credential_source"] {
	case "Environment":
		getenv := s.access.Getenv
		return aws.Credentials{AccessKeyID: getenv("AWS_ACCESS_KEY_ID"), SecretAccessKey: getenv("AWS_SECRET_ACCESS_KEY"),
			SessionToken: getenv("AWS_SESSION_TOKEN")}, nil
	case "EcsContainer":
		return s.askContainer(ctx)
	case "Ec2InstanceMetadata":
		return s.askMachine(ctx)
	}
	return aws.Credentials{}, &renewal.Error{Text: fmt.Sprintf("profile %q of AWS's shared files has a role_arn and "+
		"neither source_profile nor credential_source", name)}
}
