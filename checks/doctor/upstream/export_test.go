package upstream

import (
	"encoding/json"
	"time"

	"github.com/flowgate-go/flowgate/checks"
	"github.com/flowgate-go/flowgate/internal/usage/quota"
)

// JudgeRests judges the list of credentials in JSON.
func JudgeRests(list string, seen []quota.Seen, now time.Time) checks.Outcome {
	var files []resting
	if err := json.Unmarshal([]byte(list), &files); err != nil {
		return checks.Failed("%v", err)
	}
	return judgeRests(files, seen, now)
}
