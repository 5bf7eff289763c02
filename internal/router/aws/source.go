package aws

import (
	"context"

	"github.com/aws/aws-sdk-go-v2/aws"

	"github.com/flowgate-go/flowgate/internal/router/renewal"
)

// find returns credentials from the first source that the entry or the environment names.
func (s *Signer) find(ctx context.Context) (aws.Credentials, error) {
	a := &s.access
	switch {
	case a.RoleName != "" && a.WebIdentityToken != "":
		return s.assumeByToken(ctx, a.RoleName, a.WebIdentityToken)
	case a.RoleName != "":
		base, err := s.findBase(ctx)
		if err != nil {
			return base, err
		}
		return s.assumeRole(ctx, base, role{arn: a.RoleName, session: a.SessionName, externalID: a.ExternalID})
	case a.ProfileName != "":
		return s.readProfile(ctx, a.ProfileName)
	}
	return s.findBase(ctx)
}

// findBase returns the entry's keys, or what AWS's SDKs find by themselves.
func (s *Signer) findBase(ctx context.Context) (aws.Credentials, error) {
	a, getenv := &s.access, s.access.Getenv
	if a.AccessKeyID != "" && a.SecretAccessKey != "" {
		return aws.Credentials{AccessKeyID: a.AccessKeyID, SecretAccessKey: a.SecretAccessKey,
			SessionToken: a.SessionToken}, nil
	}
	if id, secret := getenv("AWS_ACCESS_KEY_ID"), getenv("AWS_SECRET_ACCESS_KEY"); id != "" && secret != "" {
		return aws.Credentials{AccessKeyID: id, SecretAccessKey: secret, SessionToken: getenv("AWS_SESSION_TOKEN")}, nil
	}
	if file, arn := getenv("AWS_WEB_IDENTITY_TOKEN_FILE"), getenv("AWS_ROLE_ARN"); file != "" && arn != "" {
		return s.assumeByToken(ctx, arn, file)
	}
	name := getenv("AWS_PROFILE")
	if name != "" || s.hasProfile("default") {
		if name == "" {
			name = "default"
		}
		return s.readProfile(ctx, name)
	}
	if getenv("AWS_CONTAINER_CREDENTIALS_RELATIVE_URI") != "" || getenv("AWS_CONTAINER_CREDENTIALS_FULL_URI") != "" {
		return s.askContainer(ctx)
	}
	return s.askMachine(ctx)
}

// missingCredentials is the error of an entry for which no source has credentials.
func missingCredentials(cause error) error {
	return &renewal.Error{Text: "there are no AWS credentials: set aws_access_key_id and aws_secret_access_key, " +
		"aws_profile_name or aws_role_name in the entry, or AWS_BEARER_TOKEN_BEDROCK, AWS_ACCESS_KEY_ID or AWS_PROFILE " +
		"in the environment", Err: cause}
}
