package main

import (
	"cmp"
	"context"
	"slices"
	"strconv"
	"time"

	"github.com/container-storage-interface/spec/lib/go/csi"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/types/known/timestamppb"
)

// CreateSnapshot copies a volume's folder. Its time is the copy's end: no later change is in it.
func (s *controllerServer) CreateSnapshot(
	ctx context.Context, request *csi.CreateSnapshotRequest,
) (*csi.CreateSnapshotResponse, error) {
	if err := checkName(request.Name, request.Parameters); err != nil {
		return nil, err
	}
	if request.SourceVolumeId == "" {
		return nil, status.Error(codes.InvalidArgument, "no source volume ID")
	}
	end, free := s.operations.begin(snapshotKey(request.Name), volumeKey(request.SourceVolumeId))
	if !free {
		return nil, busy(request.Name)
	}
	defer end()
	made, found, err := s.store.snapshots.get(request.Name)
	if err != nil {
		return nil, status.Error(codes.Internal, err.Error())
	}
	if found && made.VolumeID != request.SourceVolumeId {
		return nil, status.Errorf(codes.AlreadyExists, "%s is a snapshot of %s", request.Name, made.VolumeID)
	}
	if !found {
		if made, err = s.makeSnapshot(ctx, request.Name, request.SourceVolumeId); err != nil {
			return nil, err
		}
	}
	return &csi.CreateSnapshotResponse{Snapshot: snapshotMessage(request.Name, made)}, nil
}

func (s *controllerServer) makeSnapshot(ctx context.Context, id, volumeID string) (snapshotRecord, error) {
	volume, found, err := s.store.volumes.get(volumeID)
	if err != nil {
		return snapshotRecord{}, status.Error(codes.Internal, err.Error())
	}
	if !found {
		return snapshotRecord{}, status.Errorf(codes.NotFound, "there is no volume %s", volumeID)
	}
	made, err := s.store.snapshots.create(id,
		func(data string) error { return copyFolder(ctx, s.store.volumes.data(volumeID), data) },
		func() snapshotRecord {
			return snapshotRecord{VolumeID: volumeID, SizeBytes: volume.CapacityBytes, TakenAt: time.Now()}
		})
	return made, copyFailure(ctx, err)
}

// DeleteSnapshot removes a snapshot. Volumes made from it are copies and stay.
func (s *controllerServer) DeleteSnapshot(
	_ context.Context, request *csi.DeleteSnapshotRequest,
) (*csi.DeleteSnapshotResponse, error) {
	if request.SnapshotId == "" {
		return nil, status.Error(codes.InvalidArgument, "no snapshot ID")
	}
	end, free := s.operations.begin(snapshotKey(request.SnapshotId))
	if !free {
		return nil, busy(request.SnapshotId)
	}
	defer end()
	if err := s.store.snapshots.remove(request.SnapshotId); err != nil {
		return nil, status.Error(codes.Internal, err.Error())
	}
	return &csi.DeleteSnapshotResponse{}, nil
}

// ListSnapshots gives the snapshots that are asked for, the oldest first. A page's token is the place where it begins.
func (s *controllerServer) ListSnapshots(
	_ context.Context, request *csi.ListSnapshotsRequest,
) (*csi.ListSnapshotsResponse, error) {
	found, err := s.snapshotsFor(request)
	if err != nil {
		return nil, status.Error(codes.Internal, err.Error())
	}
	start := 0
	if request.StartingToken != "" {
		start, err = strconv.Atoi(request.StartingToken)
		if err != nil || start < 0 || start > len(found) {
			return nil, status.Errorf(codes.Aborted, "%q is no token of this list", request.StartingToken)
		}
	}
	end, next := len(found), ""
	if limit := int(request.MaxEntries); limit > 0 && start+limit < end {
		end = start + limit
		next = strconv.Itoa(end)
	}
	return &csi.ListSnapshotsResponse{Entries: found[start:end], NextToken: next}, nil
}

func (s *controllerServer) snapshotsFor(
	request *csi.ListSnapshotsRequest,
) ([]*csi.ListSnapshotsResponse_Entry, error) {
	ids := []string{request.SnapshotId}
	if request.SnapshotId == "" {
		var err error
		if ids, err = s.store.snapshots.list(); err != nil {
			return nil, err
		}
	}
	entries := []*csi.ListSnapshotsResponse_Entry{}
	for _, id := range ids {
		snapshot, found, err := s.store.snapshots.get(id)
		if err != nil {
			return nil, err
		}
		if found && (request.SourceVolumeId == "" || request.SourceVolumeId == snapshot.VolumeID) {
			entries = append(entries, &csi.ListSnapshotsResponse_Entry{Snapshot: snapshotMessage(id, snapshot)})
		}
	}
	slices.SortStableFunc(entries, func(a, b *csi.ListSnapshotsResponse_Entry) int {
		return cmp.Compare(a.Snapshot.CreationTime.AsTime().UnixNano(), b.Snapshot.CreationTime.AsTime().UnixNano())
	})
	return entries, nil
}

// snapshotMessage says what a snapshot is. It is ready from its first moment on: before that there is none.
func snapshotMessage(id string, snapshot snapshotRecord) *csi.Snapshot {
	return &csi.Snapshot{
		SnapshotId:     id,
		SourceVolumeId: snapshot.VolumeID,
		SizeBytes:      snapshot.SizeBytes,
		CreationTime:   timestamppb.New(snapshot.TakenAt),
		ReadyToUse:     true,
	}
}
