package tasks

import "github.com/magefile/mage/mg"

// Deploy holds the targets that render the stack for other places than this machine.
type Deploy mg.Namespace
