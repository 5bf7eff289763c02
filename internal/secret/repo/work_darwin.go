package repo

import "time"

// silenceLimit is how long a git may print nothing. What it does meanwhile cannot be
// seen here, so it is long.
const silenceLimit = 2 * time.Minute

type activity struct{ pid int }

func (*activity) hasProgressed() bool { return false }
