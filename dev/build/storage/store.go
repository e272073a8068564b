package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"time"
)

// store keeps volumes and snapshots below one root:
//
//	volumes/ID/record.json     snapshots/ID/record.json
//	volumes/ID/data/...        snapshots/ID/data/...
//	drafts/...                 what is not whole yet, and what is not gone yet
//
// An entry comes and goes by one rename, so after a crash at any line it is there as a whole or not at all.
type store struct {
	volumes   collection[volumeRecord]
	snapshots collection[snapshotRecord]
}

type volumeRecord struct {
	CapacityBytes int64 `json:"capacityBytes"`
	// SnapshotID is the snapshot that the volume began with, or empty.
	SnapshotID string `json:"snapshotId,omitempty"`
}

type snapshotRecord struct {
	VolumeID string `json:"volumeId"`
	// SizeBytes is what a volume made from it needs: the capacity of the one that it was taken of.
	SizeBytes int64     `json:"sizeBytes"`
	TakenAt   time.Time `json:"takenAt"`
}

// openStore makes the folders and removes the drafts that a crash has left.
func openStore(root string) (*store, error) {
	drafts := filepath.Join(root, "drafts")
	if err := os.RemoveAll(drafts); err != nil {
		return nil, err
	}
	volumes, snapshots := filepath.Join(root, "volumes"), filepath.Join(root, "snapshots")
	for _, folder := range []string{drafts, volumes, snapshots} {
		if err := os.MkdirAll(folder, 0o700); err != nil {
			return nil, err
		}
	}
	return &store{
		volumes:   collection[volumeRecord]{folder: volumes, drafts: drafts},
		snapshots: collection[snapshotRecord]{folder: snapshots, drafts: drafts},
	}, nil
}

// validID keeps an ID a name directly below its folder.
var validID = regexp.MustCompile(`^[A-Za-z0-9]([-A-Za-z0-9_.]{0,126}[A-Za-z0-9])?$`)

// collection is one folder of entries, each with its data and a record of what it is.
type collection[Record any] struct {
	folder string
	drafts string
}

func (c collection[Record]) data(id string) string { return filepath.Join(c.folder, id, "data") }

// get returns the record of an entry, or false when there is none of this ID.
func (c collection[Record]) get(id string) (record Record, found bool, err error) {
	if !validID.MatchString(id) {
		return record, false, nil
	}
	text, err := os.ReadFile(filepath.Join(c.folder, id, "record.json"))
	if errors.Is(err, fs.ErrNotExist) {
		return record, false, nil
	}
	if err != nil {
		return record, false, err
	}
	if err := json.Unmarshal(text, &record); err != nil {
		return record, false, fmt.Errorf("the record of %s: %w", id, err)
	}
	return record, true, nil
}

// list returns the IDs of all entries in alphabetical order.
func (c collection[Record]) list() ([]string, error) {
	entries, err := os.ReadDir(c.folder)
	if err != nil {
		return nil, err
	}
	ids := make([]string, 0, len(entries))
	for _, entry := range entries {
		ids = append(ids, entry.Name())
	}
	return ids, nil
}

// create makes an entry whose data fill writes; record is asked for once that has been done.
func (c collection[Record]) create(id string, fill func(data string) error, record func() Record) (Record, error) {
	var none Record
	draft, err := os.MkdirTemp(c.drafts, "")
	if err != nil {
		return none, err
	}
	defer os.RemoveAll(draft)
	if err := fill(filepath.Join(draft, "data")); err != nil {
		return none, err
	}
	made := record()
	text, err := json.Marshal(made)
	if err != nil {
		return none, err
	}
	if err := os.WriteFile(filepath.Join(draft, "record.json"), text, 0o600); err != nil {
		return none, err
	}
	return made, os.Rename(draft, filepath.Join(c.folder, id))
}

// remove takes an entry away; one that is not there is no fault.
func (c collection[Record]) remove(id string) error {
	if !validID.MatchString(id) {
		return nil
	}
	draft, err := os.MkdirTemp(c.drafts, "")
	if err != nil {
		return err
	}
	defer os.RemoveAll(draft)
	err = os.Rename(filepath.Join(c.folder, id), filepath.Join(draft, id))
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	return err
}

// emptyFolder makes a folder that everybody may write to, since containers run as any user.
func emptyFolder(target string) error {
	if err := os.Mkdir(target, 0o777); err != nil {
		return err
	}
	return os.Chmod(target, 0o777)
}

// copyFolder copies a folder with owners, modes, times, links and holes. Files that are written meanwhile are copied as
// they are when their turn comes: only of a folder that nobody writes to is the copy one moment's state.
func copyFolder(ctx context.Context, source, target string) error {
	command := exec.CommandContext(ctx, "cp", "--archive", "--reflink=auto", "--no-target-directory", source, target)
	output, err := command.CombinedOutput()
	if err != nil {
		return fmt.Errorf("%w: %s", err, strings.TrimSpace(string(output)))
	}
	return nil
}
