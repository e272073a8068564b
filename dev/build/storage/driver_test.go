package main

import (
	"path/filepath"
	"testing"

	"github.com/kubernetes-csi/csi-test/v5/pkg/sanity"
	"k8s.io/mount-utils"
)

// The CSI project's own tests of a driver, over a mounter that only remembers: real mounts need root.
func TestDriverKeepsTheSpecification(t *testing.T) {
	folder := t.TempDir()
	store, err := openStore(filepath.Join(folder, "root"))
	if err != nil {
		t.Fatal(err)
	}
	socket := filepath.Join(folder, "csi.sock")
	listener, err := listen(socket)
	if err != nil {
		t.Fatal(err)
	}
	services := newServices(store, "node", mount.NewFakeMounter(nil))
	t.Cleanup(services.Stop)
	go services.Serve(listener)

	config := sanity.NewTestConfig()
	config.Address = socket
	config.TargetPath = filepath.Join(folder, "target")
	config.StagingPath = filepath.Join(folder, "staging")
	sanity.Test(t, config)
}
