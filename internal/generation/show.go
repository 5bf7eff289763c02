package generation

// Listing is the data of generation:list.
type Listing struct {
	Current     int          `json:"current"` // 0 for none
	Generations []Generation `json:"generations"`
	Damaged     []Damage     `json:"damaged,omitempty"` // the generations that cannot be restored
}

// maxExamined is the number of generations above which ListWithDamage examines none.
const maxExamined = 100

// ListWithDamage returns the data of generation:list: all generations and, unless there are
// more than maxExamined, those that cannot be restored. Fault: generation-unreadable.
func ListWithDamage(root string) (Listing, error) {
	all, current, err := List(root)
	if err != nil || len(all) > maxExamined {
		return Listing{Current: current, Generations: all}, err
	}
	damaged, err := findDamaged(root)
	return Listing{current, all, damaged}, err
}

// Shown is the data of generation:show.
type Shown struct {
	Current     int               `json:"current"`
	Generations []Generation      `json:"generations"` // the requested one
	Texts       map[string]string `json:"texts"`       // by part, with placeholders in place of keys
}

// Show returns one generation with its texts. Faults: those of Find.
func Show(root string, number int) (Shown, error) {
	g, err := Find(root, number)
	if err != nil {
		return Shown{}, err
	}
	shown := Shown{Current(root), []Generation{g}, map[string]string{}}
	for part := range g.Digests {
		sealed, err := g.ReadPart(root, part)
		if err != nil {
			return Shown{}, err
		}
		shown.Texts[part] = string(sealed.Text)
	}
	return shown, nil
}
