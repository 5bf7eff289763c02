package ledger

import (
	"os"
	"path/filepath"
	"slices"
	"time"
)

// Find returns the paths of the ledgers that a path means: a ledger itself, the one in a folder, or those
// in the folders of a folder, as replicas of a router write them, in the order of their names.
func Find(path string) ([]string, error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, err
	}
	if !info.IsDir() {
		return []string{path}, nil
	}
	if _, err := os.Stat(File(path)); err == nil {
		return []string{File(path)}, nil
	}
	folders, err := os.ReadDir(path)
	if err != nil {
		return nil, err
	}
	var all []string
	for _, f := range folders {
		if _, err := os.Stat(File(filepath.Join(path, f.Name()))); err == nil {
			all = append(all, File(filepath.Join(path, f.Name())))
		}
	}
	return all, nil
}

// merge returns the sums of several ledgers as one, with the lines of by; those of models are among them.
func merge(parts []Summary, by ...By) Summary {
	all := Summary{Lines: map[By][]Line{}}
	for _, b := range append(slices.Clone(by), ByModel) {
		sums := map[string]*Sum{}
		for _, part := range parts {
			for i := range part.Lines[b] {
				line := &part.Lines[b][i]
				if sums[line.Name] == nil {
					sums[line.Name] = &Sum{}
				}
				sums[line.Name].add(&line.Sum)
			}
		}
		all.Lines[b] = sortLines(sums, b)
	}
	for i := range parts {
		all.Total.add(&parts[i].Total)
	}
	all.Total.finish()
	all.Unpriced = unpricedOf(all.Lines[ByModel])
	return all
}

// SummarizeAll is Reader.Summarize and Reader.Gaps over several ledgers.
func SummarizeAll(readers []*Reader, f Filter, zone *time.Location, by ...By) (Summary, []Gap, error) {
	var parts []Summary
	gaps := []Gap{}
	for _, r := range readers {
		part, err := r.Summarize(f, zone, by...)
		if err != nil {
			return Summary{}, nil, err
		}
		more, err := r.Gaps(f)
		if err != nil {
			return Summary{}, nil, err
		}
		parts, gaps = append(parts, part), append(gaps, more...)
	}
	if len(parts) == 1 { // to merge it with nothing took a fifth of the time of a report with 25,000 lines
		return parts[0], gaps, nil
	}
	slices.SortStableFunc(gaps, func(a, b Gap) int { return a.Since.Compare(b.Since) })
	return merge(parts, by...), gaps, nil
}
