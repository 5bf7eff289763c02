package report

import (
	"io"
	"path/filepath"
	"strings"
)

// Place is a place in a file where something is wrong.
type Place struct {
	Rule        string // what kind of thing is wrong; a stable ID
	Text        string // what is wrong
	File        string // with slashes, relative to the repository
	Line        int    // from 1; 0: the file as a whole
	Column      int    // in characters, from 1; 0: the whole line
	EndLine     int
	EndColumn   int
	Commit      string // the commit that added it; "" for the file as it is now
	Fingerprint string // the same in each report, for comparisons; may be empty
	Known       bool   // listed in a baseline
}

// Placed is data that has places, for the formats sarif and github.
type Placed interface{ Places() []Place }

// placesOf returns the places of a report's data, nil when it has none.
func placesOf(r *Report) []Place {
	if p, ok := r.Data.(Placed); ok {
		return p.Places()
	}
	return nil
}

// sarifLog is a SARIF 2.1.0 log, as far as GitHub code scanning reads it:
// https://docs.oasis-open.org/sarif/sarif/v2.1.0/sarif-v2.1.0.html
// https://docs.github.com/code-security/code-scanning/integrating-with-code-scanning/sarif-support-for-code-scanning
type sarifLog struct {
	Schema  string     `json:"$schema"`
	Version string     `json:"version"`
	Runs    []sarifRun `json:"runs"`
}

type sarifRun struct {
	Tool struct {
		Driver sarifDriver `json:"driver"`
	} `json:"tool"`
	Invocations []sarifInvocation `json:"invocations"`
	ColumnKind  string            `json:"columnKind"`
	Results     []sarifResult     `json:"results"`
}

type sarifDriver struct {
	Name  string      `json:"name"`
	URI   string      `json:"informationUri"`
	Rules []sarifRule `json:"rules"`
}

type sarifRule struct {
	ID    string    `json:"id"`
	Short sarifText `json:"shortDescription"`
}

type sarifText struct {
	Text string `json:"text"`
}

type sarifInvocation struct {
	Successful bool `json:"executionSuccessful"`
}

type sarifResult struct {
	Rule         string             `json:"ruleId"`
	Index        int                `json:"ruleIndex"`
	Level        string             `json:"level"`
	Message      sarifText          `json:"message"`
	Locations    []sarifLocation    `json:"locations"`
	Fingerprints map[string]string  `json:"partialFingerprints,omitempty"`
	Suppressions []sarifSuppression `json:"suppressions,omitempty"`
}

type sarifSuppression struct {
	Kind string `json:"kind"`
}

type sarifLocation struct {
	Physical struct {
		Artifact struct {
			URI  string `json:"uri"`
			Base string `json:"uriBaseId"`
		} `json:"artifactLocation"`
		Region *sarifRegion `json:"region,omitempty"`
	} `json:"physicalLocation"`
}

type sarifRegion struct {
	StartLine   int `json:"startLine"`
	StartColumn int `json:"startColumn,omitempty"`
	EndLine     int `json:"endLine,omitempty"`
	EndColumn   int `json:"endColumn,omitempty"`
}

// defaultFile is the file of a failure that has none: GitHub requires one.
const defaultFile = "README.md"

// writeSARIF writes findings, checks that did not pass and the error as one run.
func writeSARIF(w io.Writer, r *Report, indent bool) error {
	run := sarifRun{
		ColumnKind:  "unicodeCodePoints",
		Results:     []sarifResult{},
		Invocations: []sarifInvocation{{r.Error == nil}},
	}
	run.Tool.Driver = sarifDriver{
		Name:  "FlowGate " + r.Command,
		URI:   "https://github.com/flowgate-go/flowgate",
		Rules: []sarifRule{},
	}
	all := placesOf(r)
	for _, p := range all {
		run.add(p, "error", p.Text)
	}
	for _, c := range r.Checks {
		level, isReported := map[Status]string{Warn: "warning", Fail: "error"}[c.Status]
		if isReported && (len(all) == 0 || !strings.HasPrefix(c.ID, "secrets.")) { // the places say it already
			run.add(Place{Rule: c.ID, Text: c.Title, File: defaultFile, Fingerprint: c.ID}, level, reasonLine(c))
		}
	}
	if r.Error != nil {
		run.add(
			Place{Rule: r.Error.Code, Text: r.Error.Code, File: defaultFile, Fingerprint: r.Error.Code},
			"error",
			r.Error.Message,
		)
	}
	return writeJSON(w, sarifLog{"https://json.schemastore.org/sarif-2.1.0.json", "2.1.0", []sarifRun{run}}, indent)
}

// add adds a result, and its rule if the run does not have it yet.
func (run *sarifRun) add(p Place, level, text string) {
	index := -1
	for i, known := range run.Tool.Driver.Rules {
		if known.ID == p.Rule {
			index = i
		}
	}
	if index < 0 {
		index = len(run.Tool.Driver.Rules)
		run.Tool.Driver.Rules = append(run.Tool.Driver.Rules, sarifRule{p.Rule, sarifText{p.Text}})
	}
	if p.Commit != "" {
		text += " (added in commit " + p.Commit + ")"
	}
	result := sarifResult{
		Rule:      p.Rule,
		Index:     index,
		Level:     level,
		Message:   sarifText{text},
		Locations: []sarifLocation{p.sarifLocation()},
	}
	if p.Fingerprint != "" {
		result.Fingerprints = map[string]string{"flowgate/v1": p.Fingerprint}
	}
	if p.Known {
		result.Suppressions = []sarifSuppression{{"external"}}
	}
	run.Results = append(run.Results, result)
}

// sarifLocation returns the place as a location of SARIF.
func (p Place) sarifLocation() (at sarifLocation) {
	at.Physical.Artifact.URI, at.Physical.Artifact.Base = toURI(p.File), "%SRCROOT%"
	if p.Line > 0 {
		at.Physical.Region = &sarifRegion{p.Line, p.Column, p.EndLine, p.EndColumn}
	}
	return at
}

// toURI returns a path as a relative reference of RFC 3986.
func toURI(path string) string {
	var b strings.Builder
	for _, c := range []byte(filepath.ToSlash(path)) {
		if c|0x20-'a' < 26 || c-'0' < 10 || strings.IndexByte("-._~/!$&'()*+,;=@", c) >= 0 {
			b.WriteByte(c)
			continue
		}
		const digits = "0123456789ABCDEF"
		b.Write([]byte{'%', digits[c>>4], digits[c&15]})
	}
	return b.String()
}
