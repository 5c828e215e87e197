//go:build tools

// Package tools pins what .ci/tools builds of etcd.
package tools

import (
	_ "go.etcd.io/etcd/server/v3"
)
