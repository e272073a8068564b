package main

import (
	"strings"
	"testing"

	snapshotv1 "github.com/kubernetes-csi/external-snapshotter/client/v8/apis/volumesnapshot/v1"
	"github.com/kubernetes-csi/external-snapshotter/client/v8/clientset/versioned/fake"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/utils/ptr"
)

func TestClaimBeginsOnlyWithASnapshotThatFits(t *testing.T) {
	type changes func(*snapshotv1.VolumeSnapshot, *snapshotv1.VolumeSnapshotContent, *corev1.PersistentVolumeClaim)
	for name, test := range map[string]struct {
		change changes
		wrong  string
	}{
		"one that is ready": {},
		"one that is not ready": {
			func(s *snapshotv1.VolumeSnapshot, _ *snapshotv1.VolumeSnapshotContent, _ *corev1.PersistentVolumeClaim) {
				s.Status.ReadyToUse = ptr.To(false)
			}, "snapshot team/before: it is not ready to use",
		},
		"one that was never taken": {
			func(s *snapshotv1.VolumeSnapshot, _ *snapshotv1.VolumeSnapshotContent, _ *corev1.PersistentVolumeClaim) {
				s.Status = nil
			}, "it is not bound to a content",
		},
		"one of another driver": {
			func(_ *snapshotv1.VolumeSnapshot, c *snapshotv1.VolumeSnapshotContent, _ *corev1.PersistentVolumeClaim) {
				c.Spec.Driver = "csi.elsewhere.dev"
			}, "it is one of csi.elsewhere.dev, not of csi.kintsugi.dev",
		},
		"one whose content is another's": {
			func(_ *snapshotv1.VolumeSnapshot, c *snapshotv1.VolumeSnapshotContent, _ *corev1.PersistentVolumeClaim) {
				c.Spec.VolumeSnapshotRef.UID = "other"
			}, "its content content is bound to another snapshot",
		},
		"one that is larger than the claim": {
			func(_ *snapshotv1.VolumeSnapshot, _ *snapshotv1.VolumeSnapshotContent, c *corev1.PersistentVolumeClaim) {
				c.Spec.Resources.Requests[corev1.ResourceStorage] = resource.MustParse("1Gi")
			}, "it needs 2Gi, 1Gi is requested",
		},
		"one that is being deleted": {
			func(s *snapshotv1.VolumeSnapshot, _ *snapshotv1.VolumeSnapshotContent, _ *corev1.PersistentVolumeClaim) {
				s.DeletionTimestamp = &metav1.Time{}
				s.Finalizers = []string{"test/kept"}
			}, "it is being deleted",
		},
		"one that is not there": {
			func(_ *snapshotv1.VolumeSnapshot, _ *snapshotv1.VolumeSnapshotContent, c *corev1.PersistentVolumeClaim) {
				c.Spec.DataSource.Name = "after"
			}, `"after" not found`,
		},
		"a claim": {
			func(_ *snapshotv1.VolumeSnapshot, _ *snapshotv1.VolumeSnapshotContent, c *corev1.PersistentVolumeClaim) {
				c.Spec.DataSource = &corev1.TypedLocalObjectReference{Kind: "PersistentVolumeClaim", Name: "other"}
			}, "PersistentVolumeClaim as a data source is not supported",
		},
	} {
		t.Run(name, func(t *testing.T) {
			snapshot, content, claim := boundSnapshot()
			if test.change != nil {
				test.change(snapshot, content, claim)
			}
			provisioner := &provisioner{snapshots: fake.NewSimpleClientset(snapshot, content)}
			requested := claim.Spec.Resources.Requests[corev1.ResourceStorage]
			source, err := provisioner.contentOf(t.Context(), claim, requested)
			switch {
			case test.wrong == "" && (err != nil || source.GetSnapshot().GetSnapshotId() != "handle"):
				t.Errorf("%v, %v", source, err)
			case test.wrong != "" && (err == nil || !strings.Contains(err.Error(), test.wrong)):
				t.Errorf("%v, want %q", err, test.wrong)
			}
		})
	}
}

// boundSnapshot is a ready snapshot of 2 Gi, its content, and a claim that is to begin with it.
func boundSnapshot() (*snapshotv1.VolumeSnapshot, *snapshotv1.VolumeSnapshotContent, *corev1.PersistentVolumeClaim) {
	snapshot := &snapshotv1.VolumeSnapshot{
		ObjectMeta: metav1.ObjectMeta{Name: "before", Namespace: "team", UID: "uid"},
		Status: &snapshotv1.VolumeSnapshotStatus{
			BoundVolumeSnapshotContentName: ptr.To("content"),
			ReadyToUse:                     ptr.To(true),
			RestoreSize:                    ptr.To(resource.MustParse("2Gi")),
		},
	}
	content := &snapshotv1.VolumeSnapshotContent{
		ObjectMeta: metav1.ObjectMeta{Name: "content"},
		Spec: snapshotv1.VolumeSnapshotContentSpec{
			Driver:            driverName,
			VolumeSnapshotRef: corev1.ObjectReference{Namespace: "team", Name: "before", UID: "uid"},
		},
		Status: &snapshotv1.VolumeSnapshotContentStatus{SnapshotHandle: ptr.To("handle")},
	}
	claim := &corev1.PersistentVolumeClaim{
		ObjectMeta: metav1.ObjectMeta{Name: "data", Namespace: "team"},
		Spec: corev1.PersistentVolumeClaimSpec{
			Resources: corev1.VolumeResourceRequirements{
				Requests: corev1.ResourceList{corev1.ResourceStorage: resource.MustParse("2Gi")},
			},
			DataSource: &corev1.TypedLocalObjectReference{
				APIGroup: ptr.To(snapshotv1.GroupName), Kind: "VolumeSnapshot", Name: "before",
			},
		},
	}
	return snapshot, content, claim
}
