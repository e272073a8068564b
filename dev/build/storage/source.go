package main

import (
	"context"
	"fmt"

	"github.com/container-storage-interface/spec/lib/go/csi"
	snapshotv1 "github.com/kubernetes-csi/external-snapshotter/client/v8/apis/volumesnapshot/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/sig-storage-lib-external-provisioner/v13/controller"
)

// contentOf returns the snapshot that a claim's volume begins with, nil for an empty one. The error says what of the
// snapshot does not fit; it becomes an event of the claim, which is tried again.
func (p *provisioner) contentOf(
	ctx context.Context, claim *corev1.PersistentVolumeClaim, requested resource.Quantity,
) (*csi.VolumeContentSource, error) {
	source := claim.Spec.DataSource
	if source == nil {
		source = sameNamespace(claim.Spec.DataSourceRef)
	}
	if source == nil {
		return nil, nil
	}
	if source.APIGroup == nil {
		return nil, fmt.Errorf("%s as a data source is not supported", source.Kind)
	}
	if *source.APIGroup != snapshotv1.GroupName || source.Kind != "VolumeSnapshot" {
		return nil, &controller.IgnoredError{Reason: "a populator is to fill the volume"}
	}
	snapshot, err := p.snapshots.SnapshotV1().VolumeSnapshots(claim.Namespace).Get(ctx, source.Name, metav1.GetOptions{})
	if err != nil {
		return nil, err
	}
	handle, err := p.handleOf(ctx, snapshot, requested)
	if err != nil {
		return nil, fmt.Errorf("snapshot %s/%s: %w", snapshot.Namespace, snapshot.Name, err)
	}
	content := &csi.VolumeContentSource_SnapshotSource{SnapshotId: handle}
	return &csi.VolumeContentSource{Type: &csi.VolumeContentSource_Snapshot{Snapshot: content}}, nil
}

func sameNamespace(reference *corev1.TypedObjectReference) *corev1.TypedLocalObjectReference {
	if reference == nil || reference.Namespace != nil {
		return nil
	}
	return &corev1.TypedLocalObjectReference{APIGroup: reference.APIGroup, Kind: reference.Kind, Name: reference.Name}
}

// handleOf returns the driver's ID of a snapshot that is ready, the driver's own, and fits into the requested size.
func (p *provisioner) handleOf(
	ctx context.Context, snapshot *snapshotv1.VolumeSnapshot, requested resource.Quantity,
) (string, error) {
	state := snapshot.Status
	switch {
	case snapshot.DeletionTimestamp != nil:
		return "", fmt.Errorf("it is being deleted")
	case state == nil || state.BoundVolumeSnapshotContentName == nil:
		return "", fmt.Errorf("it is not bound to a content")
	case state.ReadyToUse == nil || !*state.ReadyToUse:
		return "", fmt.Errorf("it is not ready to use")
	case state.RestoreSize != nil && requested.Cmp(*state.RestoreSize) < 0:
		return "", fmt.Errorf("it needs %s, %s is requested", state.RestoreSize, &requested)
	}
	contents := p.snapshots.SnapshotV1().VolumeSnapshotContents()
	content, err := contents.Get(ctx, *state.BoundVolumeSnapshotContentName, metav1.GetOptions{})
	if err != nil {
		return "", err
	}
	switch {
	case content.Spec.VolumeSnapshotRef.UID != snapshot.UID:
		return "", fmt.Errorf("its content %s is bound to another snapshot", content.Name)
	case content.Spec.Driver != driverName:
		return "", fmt.Errorf("it is one of %s, not of %s", content.Spec.Driver, driverName)
	case content.Status == nil || content.Status.SnapshotHandle == nil:
		return "", fmt.Errorf("its content %s has no handle", content.Name)
	}
	return *content.Status.SnapshotHandle, nil
}
