package preview

// growth is by how many percent the heap of a command grows that reads one file of at most 4 MB. By default, a
// third of the time would go into garbage collection.
const growth = 400
