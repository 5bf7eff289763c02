package ledger

// hourKey names a row of the table hour.
type hourKey struct{ hour, client, session, account, deployment, model int64 }

// sums are the numbers of a row of the table hour.
type sums struct {
	requests, failures, untold, unpriced, input, cached, cacheWrite, output, reasoning int64
	cost                                                                               float64
	duration, firstByte, firstBytes                                                    int64
}

// hourSums are rows of the table hour.
type hourSums map[hourKey]*sums

// of returns the sums of a key.
func (h hourSums) of(key hourKey) *sums {
	s := h[key]
	if s == nil {
		s = &sums{}
		h[key] = s
	}
	return s
}

// add adds a row to the sums of its hour.
func (h hourSums) add(e *entry) { h.of(hourOf(e)).add(e) }

// hourOf returns the key of the sums that have a row.
func hourOf(e *entry) hourKey {
	at := &e.numbers
	return hourKey{at[startColumn] / microsPerHour, at[clientColumn], at[sessionColumn], at[accountColumn],
		at[deploymentColumn], at[modelColumn]}
}

// add adds a row.
func (s *sums) add(e *entry) {
	at := &e.numbers
	isFailure := at[classColumn] != 0 || at[statusColumn] >= 400
	s.requests++
	s.failures += toInt(isFailure)
	s.untold += toInt(at[toldColumn] == 0 && at[deploymentColumn] != 0 && !isFailure)
	s.unpriced += toInt(at[inputColumn]+at[outputColumn] > 0 && !e.hasCost)
	s.input, s.cached = s.input+at[inputColumn], s.cached+at[cachedColumn]
	s.cacheWrite, s.output = s.cacheWrite+at[cacheWriteColumn], s.output+at[outputColumn]
	s.reasoning += at[reasoningColumn]
	if e.hasCost {
		s.cost += e.cost
	}
	s.duration += at[durationColumn]
	s.firstByte += at[firstByteColumn]
	s.firstBytes += toInt(at[firstByteColumn] > 0)
}

// values returns the columns of a row of the table hour.
func (s *sums) values(key hourKey) []any {
	return []any{key.hour, key.client, key.session, key.account, key.deployment, key.model,
		s.requests, s.failures, s.untold, s.unpriced, s.input, s.cached, s.cacheWrite, s.output, s.reasoning, s.cost,
		s.duration, s.firstByte, s.firstBytes}
}
