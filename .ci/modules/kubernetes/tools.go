//go:build tools

// Package tools pins what .ci/tools builds of Kubernetes.
package tools

import (
	_ "k8s.io/kubernetes/cmd/kube-apiserver/app"
)
