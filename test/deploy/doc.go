// Package deploy has the code of Kubernetes and of Compose themselves judge what deploy:kubernetes and deploy:compose
// render, and runs a router as a pod of the manifests would. It is a module of its own, so that neither FlowGate's
// go.mod nor that of its other tests has Kubernetes' dependencies; run it with: go tool mage test:deploy
//
// The Kubernetes is 1.30, the oldest that the manifests are for: its types refuse fields that came later.
package deploy
