// Package prepare makes what the tests of FlowGate's own source are run with: a home folder that is
// not the developer's, a folder for temporary files, the program that tests run, and the flags of
// go test by which clones share what is compiled, and the race detector watches what it has to.
package prepare
