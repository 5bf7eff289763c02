package redact

// Prefixes returns the prefixes of known kinds of keys.
func Prefixes() (all []string) {
	for _, p := range prefixes {
		all = append(all, p.prefix)
	}
	return all
}
