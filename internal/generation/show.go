package generation

// Listing is the data of generation:list.
type Listing struct {
	Current     int          `json:"current"` // 0 for none
	Generations []Generation `json:"generations"`
	Damaged     []Damage     `json:"damaged,omitempty"` // those that cannot be restored
}

// maxExamined bounds the number of generations that ListWithDamage examines: with more it finds no damage.
const maxExamined = 100

// ListWithDamage returns the data of generation:list: all generations, and which of
// them cannot be restored, unless there are more than maxExamined.
func ListWithDamage(root string) (Listing, error) {
	all, current, err := List(root)
	if err != nil || len(all) > maxExamined {
		return Listing{Current: current, Generations: all}, err
	}
	bad, err := findDamaged(root)
	return Listing{current, all, bad}, err
}

// Shown is the data of generation:show.
type Shown struct {
	Current     int               `json:"current"`
	Generations []Generation      `json:"generations"` // the one asked for
	Texts       map[string]string `json:"texts"`       // by part, with placeholders for keys
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
