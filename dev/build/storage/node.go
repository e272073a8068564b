package main

import (
	"context"
	"errors"
	"io/fs"
	"os"

	"github.com/container-storage-interface/spec/lib/go/csi"
	"golang.org/x/sys/unix"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"k8s.io/mount-utils"
)

// nodeServer mounts a volume's folder where the kubelet wants it for a pod.
type nodeServer struct {
	csi.UnimplementedNodeServer
	store   *store
	node    string
	mounter mount.Interface
}

func (s *nodeServer) NodeGetInfo(context.Context, *csi.NodeGetInfoRequest) (*csi.NodeGetInfoResponse, error) {
	return &csi.NodeGetInfoResponse{NodeId: s.node}, nil
}

func (*nodeServer) NodeGetCapabilities(
	context.Context, *csi.NodeGetCapabilitiesRequest,
) (*csi.NodeGetCapabilitiesResponse, error) {
	return &csi.NodeGetCapabilitiesResponse{}, nil
}

// NodePublishVolume binds the volume's folder to the target; where it is bound already, nothing is done.
func (s *nodeServer) NodePublishVolume(
	_ context.Context, request *csi.NodePublishVolumeRequest,
) (*csi.NodePublishVolumeResponse, error) {
	switch {
	case request.VolumeId == "":
		return nil, status.Error(codes.InvalidArgument, "no volume ID")
	case request.TargetPath == "":
		return nil, status.Error(codes.InvalidArgument, "no target path")
	case request.VolumeCapability == nil:
		return nil, status.Error(codes.InvalidArgument, "no volume capability")
	}
	if reason := unsupported([]*csi.VolumeCapability{request.VolumeCapability}); reason != "" {
		return nil, status.Error(codes.InvalidArgument, reason)
	}
	_, found, err := s.store.volumes.get(request.VolumeId)
	if err != nil {
		return nil, status.Error(codes.Internal, err.Error())
	}
	if !found {
		return nil, status.Errorf(codes.NotFound, "there is no volume %s", request.VolumeId)
	}
	if err := s.bind(s.store.volumes.data(request.VolumeId), request.TargetPath, request.Readonly); err != nil {
		return nil, status.Error(codes.Internal, err.Error())
	}
	return &csi.NodePublishVolumeResponse{}, nil
}

func (s *nodeServer) bind(data, target string, readOnly bool) error {
	if err := os.MkdirAll(target, 0o750); err != nil {
		return err
	}
	mounted, err := s.mounter.IsMountPoint(target)
	if err != nil || mounted {
		return err
	}
	options := []string{"bind"}
	if readOnly {
		options = append(options, "ro")
	}
	return s.mounter.MountSensitiveWithoutSystemd(data, target, "", options, nil)
}

// NodeUnpublishVolume takes the mount away. The target is removed only as an empty folder, never with what is in it.
func (s *nodeServer) NodeUnpublishVolume(
	_ context.Context, request *csi.NodeUnpublishVolumeRequest,
) (*csi.NodeUnpublishVolumeResponse, error) {
	if request.VolumeId == "" || request.TargetPath == "" {
		return nil, status.Error(codes.InvalidArgument, "no volume ID or no target path")
	}
	// A bind mount within one file system is seen only among all mounts.
	if err := mount.CleanupMountPoint(request.TargetPath, s.mounter, true); err != nil {
		return nil, status.Error(codes.Internal, err.Error())
	}
	return &csi.NodeUnpublishVolumeResponse{}, nil
}

// mountedAt returns where a folder is mounted, or nothing: the first mount point on its file system that is the folder.
func mountedAt(folder string) (string, error) {
	wanted, err := os.Stat(folder)
	if errors.Is(err, fs.ErrNotExist) {
		return "", nil
	}
	if err != nil {
		return "", err
	}
	var device unix.Stat_t
	if err := unix.Stat(folder, &device); err != nil {
		return "", err
	}
	mounts, err := mount.ParseMountInfo("/proc/self/mountinfo")
	if err != nil {
		return "", err
	}
	for _, mounted := range mounts {
		if unix.Mkdev(uint32(mounted.Major), uint32(mounted.Minor)) != device.Dev {
			continue
		}
		// One that goes away meanwhile is none.
		if at, err := os.Stat(mounted.MountPoint); err == nil && os.SameFile(at, wanted) {
			return mounted.MountPoint, nil
		}
	}
	return "", nil
}
