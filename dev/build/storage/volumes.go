package main

import (
	"context"

	"github.com/container-storage-interface/spec/lib/go/csi"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
)

// defaultCapacity is what a volume has that was asked for without a size.
const defaultCapacity = 1 << 30

// controllerServer makes and removes volumes and snapshots. A name is the ID: what is asked for twice is made once.
type controllerServer struct {
	csi.UnimplementedControllerServer
	store      *store
	operations operations
}

func (*controllerServer) ControllerGetCapabilities(
	context.Context, *csi.ControllerGetCapabilitiesRequest,
) (*csi.ControllerGetCapabilitiesResponse, error) {
	response := &csi.ControllerGetCapabilitiesResponse{}
	for _, capability := range []csi.ControllerServiceCapability_RPC_Type{
		csi.ControllerServiceCapability_RPC_CREATE_DELETE_VOLUME,
		csi.ControllerServiceCapability_RPC_CREATE_DELETE_SNAPSHOT,
		csi.ControllerServiceCapability_RPC_LIST_SNAPSHOTS,
	} {
		call := &csi.ControllerServiceCapability_RPC{Type: capability}
		response.Capabilities = append(response.Capabilities, &csi.ControllerServiceCapability{
			Type: &csi.ControllerServiceCapability_Rpc{Rpc: call},
		})
	}
	return response, nil
}

// CreateVolume makes an empty folder, or one with a snapshot's content.
func (s *controllerServer) CreateVolume(
	ctx context.Context, request *csi.CreateVolumeRequest,
) (*csi.CreateVolumeResponse, error) {
	if err := checkName(request.Name, request.Parameters); err != nil {
		return nil, err
	}
	if len(request.VolumeCapabilities) == 0 {
		return nil, status.Error(codes.InvalidArgument, "no volume capabilities")
	}
	if reason := unsupported(request.VolumeCapabilities); reason != "" {
		return nil, status.Error(codes.InvalidArgument, reason)
	}
	wanted := volumeRecord{CapacityBytes: capacityFor(request.CapacityRange)}
	if source := request.VolumeContentSource; source != nil {
		if source.GetSnapshot() == nil {
			return nil, status.Error(codes.InvalidArgument, "a volume begins empty or with a snapshot")
		}
		wanted.SnapshotID = source.GetSnapshot().SnapshotId
	}
	end, free := s.operations.begin(volumeKey(request.Name), readBy(wanted)...)
	if !free {
		return nil, busy(request.Name)
	}
	defer end()
	made, found, err := s.store.volumes.get(request.Name)
	if err != nil {
		return nil, status.Error(codes.Internal, err.Error())
	}
	if found {
		if made.SnapshotID != wanted.SnapshotID || !inRange(made.CapacityBytes, request.CapacityRange) {
			return nil, status.Errorf(codes.AlreadyExists, "%s is there with another size or content", request.Name)
		}
		return volumeResponse(request.Name, made, request.VolumeContentSource), nil
	}
	if err := s.makeVolume(ctx, request.Name, wanted); err != nil {
		return nil, err
	}
	return volumeResponse(request.Name, wanted, request.VolumeContentSource), nil
}

func (s *controllerServer) makeVolume(ctx context.Context, id string, wanted volumeRecord) error {
	fill := emptyFolder
	if wanted.SnapshotID != "" {
		snapshot, found, err := s.store.snapshots.get(wanted.SnapshotID)
		if err != nil {
			return status.Error(codes.Internal, err.Error())
		}
		if !found {
			return status.Errorf(codes.NotFound, "there is no snapshot %s", wanted.SnapshotID)
		}
		if wanted.CapacityBytes < snapshot.SizeBytes {
			return status.Errorf(codes.OutOfRange, "%d bytes are asked for, the snapshot %s needs %d",
				wanted.CapacityBytes, wanted.SnapshotID, snapshot.SizeBytes)
		}
		fill = func(data string) error { return copyFolder(ctx, s.store.snapshots.data(wanted.SnapshotID), data) }
	}
	_, err := s.store.volumes.create(id, fill, func() volumeRecord { return wanted })
	return copyFailure(ctx, err)
}

// DeleteVolume removes a volume that is mounted nowhere. Its snapshots are copies and stay.
func (s *controllerServer) DeleteVolume(
	_ context.Context, request *csi.DeleteVolumeRequest,
) (*csi.DeleteVolumeResponse, error) {
	if request.VolumeId == "" {
		return nil, status.Error(codes.InvalidArgument, "no volume ID")
	}
	end, free := s.operations.begin(volumeKey(request.VolumeId))
	if !free {
		return nil, busy(request.VolumeId)
	}
	defer end()
	target, err := mountedAt(s.store.volumes.data(request.VolumeId))
	if err != nil {
		return nil, status.Error(codes.Internal, err.Error())
	}
	if target != "" {
		return nil, status.Errorf(codes.FailedPrecondition, "%s is mounted at %s", request.VolumeId, target)
	}
	if err := s.store.volumes.remove(request.VolumeId); err != nil {
		return nil, status.Error(codes.Internal, err.Error())
	}
	return &csi.DeleteVolumeResponse{}, nil
}

func (s *controllerServer) ValidateVolumeCapabilities(
	_ context.Context, request *csi.ValidateVolumeCapabilitiesRequest,
) (*csi.ValidateVolumeCapabilitiesResponse, error) {
	if request.VolumeId == "" || len(request.VolumeCapabilities) == 0 {
		return nil, status.Error(codes.InvalidArgument, "no volume ID or no volume capabilities")
	}
	_, found, err := s.store.volumes.get(request.VolumeId)
	if err != nil {
		return nil, status.Error(codes.Internal, err.Error())
	}
	if !found {
		return nil, status.Errorf(codes.NotFound, "there is no volume %s", request.VolumeId)
	}
	if reason := unsupported(request.VolumeCapabilities); reason != "" {
		return &csi.ValidateVolumeCapabilitiesResponse{Message: reason}, nil
	}
	return &csi.ValidateVolumeCapabilitiesResponse{
		Confirmed: &csi.ValidateVolumeCapabilitiesResponse_Confirmed{VolumeCapabilities: request.VolumeCapabilities},
	}, nil
}

// unsupported says why a volume cannot be what is asked for, or nothing. Every access mode is possible on one node.
func unsupported(capabilities []*csi.VolumeCapability) string {
	for _, capability := range capabilities {
		if capability.GetMount() == nil {
			return "a volume is a folder, not a block device"
		}
		if len(capability.GetMount().MountFlags) > 0 {
			return "a folder takes no mount options"
		}
	}
	return ""
}

func readBy(wanted volumeRecord) []string {
	if wanted.SnapshotID == "" {
		return nil
	}
	return []string{snapshotKey(wanted.SnapshotID)}
}

func capacityFor(wanted *csi.CapacityRange) int64 {
	if wanted.GetRequiredBytes() > 0 {
		return wanted.GetRequiredBytes()
	}
	if limit := wanted.GetLimitBytes(); limit > 0 {
		return min(limit, defaultCapacity)
	}
	return defaultCapacity
}

func inRange(capacity int64, wanted *csi.CapacityRange) bool {
	limit := wanted.GetLimitBytes()
	return capacity >= wanted.GetRequiredBytes() && (limit == 0 || capacity <= limit)
}

func volumeResponse(id string, volume volumeRecord, source *csi.VolumeContentSource) *csi.CreateVolumeResponse {
	return &csi.CreateVolumeResponse{
		Volume: &csi.Volume{VolumeId: id, CapacityBytes: volume.CapacityBytes, ContentSource: source},
	}
}

// checkName refuses names that cannot be a folder's, and parameters of a class, of which there are none.
func checkName(name string, parameters map[string]string) error {
	if !validID.MatchString(name) {
		return status.Errorf(codes.InvalidArgument, "%q cannot be the name of a folder", name)
	}
	for parameter := range parameters {
		return status.Errorf(codes.InvalidArgument, "the parameter %s is not known", parameter)
	}
	return nil
}

func busy(id string) error {
	return status.Errorf(codes.Aborted, "an operation on %s is under way", id)
}

// copyFailure is the status of a copy that failed, or nil. One that was given up is to be asked for again.
func copyFailure(ctx context.Context, err error) error {
	switch {
	case err == nil:
		return nil
	case ctx.Err() != nil:
		return status.FromContextError(ctx.Err()).Err()
	default:
		return status.Error(codes.Internal, err.Error())
	}
}
