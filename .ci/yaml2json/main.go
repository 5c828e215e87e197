// yaml2json reads YAML files as Kubernetes reads them (sigs.k8s.io/yaml, strictly) and prints one JSON list per file:
// its documents, empty ones left out. Helm, kustomize, kubectl and Argo CD all read through this library.
package main

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"

	utilyaml "k8s.io/apimachinery/pkg/util/yaml"
	"sigs.k8s.io/yaml"
)

func documents(name string) ([]json.RawMessage, error) {
	data, err := os.ReadFile(name)
	if err != nil {
		return nil, err
	}
	docs := []json.RawMessage{}
	reader := utilyaml.NewYAMLReader(bufio.NewReader(bytes.NewReader(data)))
	for {
		doc, err := reader.Read()
		if errors.Is(err, io.EOF) {
			return docs, nil
		}
		if err != nil {
			return nil, err
		}
		value, err := yaml.YAMLToJSONStrict(doc)
		if err != nil {
			return nil, err
		}
		if !bytes.Equal(value, []byte("null")) {
			docs = append(docs, value)
		}
	}
}

func main() {
	out := json.NewEncoder(os.Stdout)
	for _, name := range os.Args[1:] {
		docs, err := documents(name)
		if err == nil {
			err = out.Encode(docs)
		}
		if err != nil {
			fmt.Fprintf(os.Stderr, "%s: %v\n", name, err)
			os.Exit(1)
		}
	}
}
