package generation

// Listing is the data of generation:list.
type Listing struct {
	Current     int          `json:"current"` // 0 for none
	Generations []Generation `json:"generations"`
}

// Listed is List for a report.
func Listed(root string) (Listing, error) {
	all, current, err := List(root)
	return Listing{current, all}, err
}

// Shown is the data of generation:show.
type Shown struct {
	Current     int               `json:"current"`
	Generations []Generation      `json:"generations"` // the one asked for
	Texts       map[string]string `json:"texts"`       // by part, with marks in the place of keys
}

// Show returns one generation with its texts. Faults: those of Find.
func Show(root string, number int) (Shown, error) {
	g, err := Find(root, number)
	if err != nil {
		return Shown{}, err
	}
	shown := Shown{Current(root), []Generation{g}, map[string]string{}}
	for part := range g.Digests {
		sealed, err := g.Part(root, part)
		if err != nil {
			return Shown{}, err
		}
		shown.Texts[part] = string(sealed.Text)
	}
	return shown, nil
}
