package main

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"
	"testing"

	"github.com/container-storage-interface/spec/lib/go/csi"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
)

var mountable = []*csi.VolumeCapability{{
	AccessType: &csi.VolumeCapability_Mount{Mount: &csi.VolumeCapability_MountVolume{}},
	AccessMode: &csi.VolumeCapability_AccessMode{Mode: csi.VolumeCapability_AccessMode_SINGLE_NODE_WRITER},
}}

// serverWithVolume has one volume, "source", of 2 Gi with one file in it.
func serverWithVolume(t *testing.T) (*controllerServer, string) {
	t.Helper()
	root := t.TempDir()
	store, err := openStore(root)
	if err != nil {
		t.Fatal(err)
	}
	server := &controllerServer{store: store}
	_, err = server.CreateVolume(t.Context(), &csi.CreateVolumeRequest{
		Name: "source", VolumeCapabilities: mountable, CapacityRange: &csi.CapacityRange{RequiredBytes: 2 << 30},
	})
	if err != nil {
		t.Fatal(err)
	}
	write(t, filepath.Join(store.volumes.data("source"), "state"), "before")
	return server, root
}

func write(t *testing.T, file, text string) {
	t.Helper()
	if err := os.WriteFile(file, []byte(text), 0o640); err != nil {
		t.Fatal(err)
	}
}

func read(t *testing.T, file string) string {
	t.Helper()
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

func takeSnapshot(t *testing.T, server *controllerServer, name string) *csi.Snapshot {
	t.Helper()
	response, err := server.CreateSnapshot(t.Context(), &csi.CreateSnapshotRequest{Name: name, SourceVolumeId: "source"})
	if err != nil {
		t.Fatal(err)
	}
	return response.Snapshot
}

func restore(ctx context.Context, server *controllerServer, name string, bytes int64) error {
	source := &csi.VolumeContentSource_SnapshotSource{SnapshotId: "snapshot"}
	_, err := server.CreateVolume(ctx, &csi.CreateVolumeRequest{
		Name: name, VolumeCapabilities: mountable, CapacityRange: &csi.CapacityRange{RequiredBytes: bytes},
		VolumeContentSource: &csi.VolumeContentSource{
			Type: &csi.VolumeContentSource_Snapshot{Snapshot: source},
		},
	})
	return err
}

func TestVolumeFromSnapshotHasWhatTheVolumeHadThen(t *testing.T) {
	server, _ := serverWithVolume(t)
	snapshot := takeSnapshot(t, server, "snapshot")
	if !snapshot.ReadyToUse || snapshot.SizeBytes != 2<<30 {
		t.Errorf("ready %v with %d bytes, want ready with the volume's 2 Gi", snapshot.ReadyToUse, snapshot.SizeBytes)
	}
	write(t, filepath.Join(server.store.volumes.data("source"), "state"), "after")
	if err := restore(t.Context(), server, "restored", 2<<30); err != nil {
		t.Fatal(err)
	}
	if text := read(t, filepath.Join(server.store.volumes.data("restored"), "state")); text != "before" {
		t.Errorf("the restored volume has %q", text)
	}
}

func TestSnapshotStaysAsItWasWhenItIsAskedForAgain(t *testing.T) {
	server, _ := serverWithVolume(t)
	first := takeSnapshot(t, server, "snapshot")
	write(t, filepath.Join(server.store.volumes.data("source"), "state"), "after")
	again := takeSnapshot(t, server, "snapshot")
	if !first.CreationTime.AsTime().Equal(again.CreationTime.AsTime()) {
		t.Errorf("taken at %v, then at %v", first.CreationTime.AsTime(), again.CreationTime.AsTime())
	}
	if text := read(t, filepath.Join(server.store.snapshots.data("snapshot"), "state")); text != "before" {
		t.Errorf("the snapshot has %q", text)
	}
}

func TestSnapshotOutlivesItsVolume(t *testing.T) {
	server, _ := serverWithVolume(t)
	takeSnapshot(t, server, "snapshot")
	if _, err := server.DeleteVolume(t.Context(), &csi.DeleteVolumeRequest{VolumeId: "source"}); err != nil {
		t.Fatal(err)
	}
	if err := restore(t.Context(), server, "restored", 2<<30); err != nil {
		t.Error(err)
	}
}

func TestVolumeSmallerThanItsSnapshotIsRefused(t *testing.T) {
	server, _ := serverWithVolume(t)
	takeSnapshot(t, server, "snapshot")
	if code := status.Code(restore(t.Context(), server, "restored", 1<<30)); code != codes.OutOfRange {
		t.Errorf("the answer is %v", code)
	}
}

func TestCopyThatIsGivenUpLeavesNothing(t *testing.T) {
	server, root := serverWithVolume(t)
	takeSnapshot(t, server, "snapshot")
	given, giveUp := context.WithCancel(t.Context())
	giveUp()
	if code := status.Code(restore(given, server, "restored", 2<<30)); code != codes.Canceled {
		t.Errorf("the answer is %v", code)
	}
	if _, found, _ := server.store.volumes.get("restored"); found {
		t.Error("the volume is there")
	}
	drafts, err := os.ReadDir(filepath.Join(root, "drafts"))
	if err != nil || len(drafts) > 0 {
		t.Errorf("drafts %v, %v", drafts, err)
	}
}

func TestCopyThatACrashCutOffIsGoneAfterTheNextStart(t *testing.T) {
	server, root := serverWithVolume(t)
	// As a killed driver leaves it: the data are being copied, and there is no record.
	draft := filepath.Join(root, "drafts", "123", "data")
	if err := os.MkdirAll(draft, 0o700); err != nil {
		t.Fatal(err)
	}
	write(t, filepath.Join(draft, "state"), "bef")
	if ids, err := server.store.snapshots.list(); err != nil || len(ids) > 0 {
		t.Errorf("snapshots %v, %v", ids, err)
	}
	reopened, err := openStore(root)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(draft); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("the draft: %v", err)
	}
	if _, found, err := reopened.volumes.get("source"); err != nil || !found {
		t.Errorf("the whole volume: %v, %v", found, err)
	}
}

func TestCopyHasModesTimesAndLinks(t *testing.T) {
	source, target := filepath.Join(t.TempDir(), "source"), filepath.Join(t.TempDir(), "target")
	if err := emptyFolder(source); err != nil {
		t.Fatal(err)
	}
	write(t, filepath.Join(source, "file"), "text")
	for _, make := range []func() error{
		func() error { return os.Symlink("file", filepath.Join(source, "symbolic")) },
		func() error { return os.Link(filepath.Join(source, "file"), filepath.Join(source, "hard")) },
		func() error { return syscall.Mkfifo(filepath.Join(source, "fifo"), 0o600) },
	} {
		if err := make(); err != nil {
			t.Fatal(err)
		}
	}
	if err := copyFolder(t.Context(), source, target); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"", "file", "symbolic", "fifo"} {
		from, err := os.Lstat(filepath.Join(source, name))
		if err != nil {
			t.Fatal(err)
		}
		to, err := os.Lstat(filepath.Join(target, name))
		if err != nil {
			t.Fatal(err)
		}
		if from.Mode() != to.Mode() || !from.ModTime().Equal(to.ModTime()) {
			t.Errorf("%q is %v of %v, was %v of %v", name, to.Mode(), to.ModTime(), from.Mode(), from.ModTime())
		}
	}
	one, errOne := os.Stat(filepath.Join(target, "file"))
	other, errOther := os.Stat(filepath.Join(target, "hard"))
	if errOne != nil || errOther != nil || !os.SameFile(one, other) {
		t.Errorf("the hard link is a file of its own: %v, %v", errOne, errOther)
	}
}

func TestNothingIsMadeTwiceAtOnceNorRemovedWhileItIsCopied(t *testing.T) {
	var running operations
	end, free := running.begin("snapshot/a", "volume/source")
	if !free {
		t.Fatal("the first was refused")
	}
	if _, free := running.begin("snapshot/a", "volume/source"); free {
		t.Error("the same snapshot was begun twice")
	}
	if _, free := running.begin("volume/source"); free {
		t.Error("the volume may be removed while it is copied")
	}
	endOther, free := running.begin("snapshot/b", "volume/source")
	if !free {
		t.Fatal("another snapshot of the volume was refused")
	}
	end()
	if _, free := running.begin("volume/source"); free {
		t.Error("the volume may be removed while the other snapshot is copied")
	}
	endOther()
	if _, free := running.begin("volume/source"); !free {
		t.Error("the volume may never be removed")
	}
}
