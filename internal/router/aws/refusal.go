package aws

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"time"
)

// Refusal is what AWS says when it does not answer a request.
type Refusal struct {
	Message    string // AWS's own words, and what to do
	IsVain     bool   // the same request would be refused again
	IsIdentity bool   // the credentials are refused: others may help
}

// ReadRefusal reads AWS's error. now is the time of the answer on this machine, region the
// one that was asked.
func ReadRefusal(status int, header http.Header, body []byte, now time.Time, region string) Refusal {
	code, _, _ := strings.Cut(header.Get("X-Amzn-Errortype"), ":")
	words := messageOf(body)
	r := Refusal{Message: words, IsVain: status == http.StatusUnauthorized || status == http.StatusForbidden,
		IsIdentity: status == http.StatusUnauthorized}
	if code != "" && !strings.HasPrefix(words, code) {
		r.Message = code + ": " + words
	}
	advice := ""
	switch {
	case code == "ExpiredTokenException" || strings.Contains(words, "token included in the request is expired"):
		r.IsIdentity = true
		advice = "The AWS credentials have expired: sign in again (aws sso login), or set new ones."
	case strings.Contains(words, "Signature expired") || strings.Contains(words, "Signature not yet current"):
		r.IsVain = true
		advice = "This machine's clock is wrong" + clockError(header, now) + ": set it by NTP."
	case code == "UnrecognizedClientException" || code == "InvalidClientTokenId":
		r.IsIdentity = true
		advice = "AWS does not know the access key, or its session token is missing: correct aws_access_key_id and " +
			"aws_session_token."
	case strings.Contains(words, "signature we calculated does not match"):
		advice = "The secret access key does not belong to the access key: correct aws_secret_access_key."
	case code == "AccessDeniedException":
		advice = "Allow the identity bedrock:InvokeModel and bedrock:InvokeModelWithResponseStream, and ask for access to " +
			"the model in the Bedrock console."
	case strings.Contains(words, "on-demand throughput"):
		r.IsVain = true
		advice = "Name an inference profile: write the model with the prefix of a geography, such as us. or eu., or its ARN."
	case strings.Contains(words, "model identifier is invalid") || code == "ResourceNotFoundException":
		r.IsVain = true
		advice = fmt.Sprintf("Region %s may not have the model: correct aws_region_name, or write the model with the prefix "+
			"of a geography, such as us. or eu.", region)
	}
	if advice != "" {
		r.Message += " " + advice
	}
	return r
}

// clockError returns by how much this machine's clock differs from AWS's, as the end of a
// sentence.
func clockError(header http.Header, now time.Time) string {
	theirs, err := http.ParseTime(header.Get("Date"))
	if err != nil {
		return ""
	}
	switch off := now.Sub(theirs).Round(time.Second); {
	case off > time.Minute:
		return fmt.Sprintf(" (%s fast)", off)
	case off < -time.Minute:
		return fmt.Sprintf(" (%s slow)", -off)
	}
	return ""
}

// messageOf returns the words of an error; the text itself when it has no envelope.
func messageOf(body []byte) string {
	var e struct {
		Message  string `json:"message"`
		Message2 string `json:"Message"`
	}
	if json.Unmarshal(body, &e) == nil && e.Message+e.Message2 != "" {
		return e.Message + e.Message2
	}
	if len(body) == 0 {
		return "AWS gave no reason"
	}
	return string(body)
}
