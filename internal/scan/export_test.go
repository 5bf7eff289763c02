package scan

// Fragments is fragments, for comparison with gitleaks.
var Fragments = fragments
