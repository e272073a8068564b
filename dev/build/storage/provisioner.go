package main

import (
	"context"
	"fmt"
	"time"

	"github.com/container-storage-interface/spec/lib/go/csi"
	"github.com/kubernetes-csi/csi-lib-utils/connection"
	snapshots "github.com/kubernetes-csi/external-snapshotter/client/v8/clientset/versioned"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/tools/clientcmd"
	"k8s.io/client-go/util/workqueue"
	"sigs.k8s.io/sig-storage-lib-external-provisioner/v13/controller"
)

// provisioner makes volumes for claims by the CSI driver, and has them removed.
type provisioner struct {
	volumes   csi.ControllerClient
	snapshots snapshots.Interface
}

// runProvisioner provisions for the claims of all classes that name the driver, until the context ends.
func runProvisioner(ctx context.Context, args []string) error {
	var kubeconfig, socket string
	err := parseFlags("csi-provisioner", args, map[string]*string{"kubeconfig": &kubeconfig, "socket": &socket})
	if err != nil {
		return err
	}
	config, err := clientcmd.BuildConfigFromFlags("", kubeconfig)
	if err != nil {
		return err
	}
	client, err := kubernetes.NewForConfig(config)
	if err != nil {
		return err
	}
	snapshotClient, err := snapshots.NewForConfig(config)
	if err != nil {
		return err
	}
	driver, err := connection.Connect(ctx, socket, nil, connection.OnConnectionLoss(connection.ExitOnConnectionLoss()))
	if err != nil {
		return err
	}
	defer driver.Close()
	provisioner := &provisioner{volumes: csi.NewControllerClient(driver), snapshots: snapshotClient}
	controller.NewProvisionController(ctx, client, driverName, provisioner,
		controller.LeaderElection(false),
		controller.AddFinalizer(true),
		// As the CSI project's own provisioner: claims are tried for ever, the first times soon.
		controller.FailedProvisionThreshold(0),
		controller.FailedDeleteThreshold(0),
		controller.RateLimiter(workqueue.NewTypedItemExponentialFailureRateLimiter[string](time.Second, time.Minute)),
	).Run(ctx)
	return nil
}

// Provision makes the claim's volume, with a snapshot's content when the claim has one as its data source.
func (p *provisioner) Provision(
	ctx context.Context, options controller.ProvisionOptions,
) (*corev1.PersistentVolume, controller.ProvisioningState, error) {
	claim := options.PVC
	if claim.Spec.Selector != nil {
		return nil, controller.ProvisioningFinished, fmt.Errorf("claim selectors are not supported")
	}
	requested := claim.Spec.Resources.Requests[corev1.ResourceStorage]
	source, err := p.contentOf(ctx, claim, requested)
	if err != nil {
		return nil, controller.ProvisioningNoChange, err
	}
	// The claim's access mode is Kubernetes' concern: on one node the driver can do all of them.
	capability := &csi.VolumeCapability{
		AccessType: &csi.VolumeCapability_Mount{
			Mount: &csi.VolumeCapability_MountVolume{MountFlags: options.StorageClass.MountOptions},
		},
		AccessMode: &csi.VolumeCapability_AccessMode{Mode: csi.VolumeCapability_AccessMode_MULTI_NODE_MULTI_WRITER},
	}
	response, err := p.volumes.CreateVolume(ctx, &csi.CreateVolumeRequest{
		Name:                options.PVName,
		CapacityRange:       &csi.CapacityRange{RequiredBytes: requested.Value()},
		VolumeCapabilities:  []*csi.VolumeCapability{capability},
		Parameters:          options.StorageClass.Parameters,
		VolumeContentSource: source,
	})
	if err != nil {
		return nil, stateAfter(err), err
	}
	return volumeFor(options, response.Volume), controller.ProvisioningFinished, nil
}

func volumeFor(options controller.ProvisionOptions, made *csi.Volume) *corev1.PersistentVolume {
	mode := corev1.PersistentVolumeFilesystem
	capacity := *resource.NewQuantity(made.CapacityBytes, resource.BinarySI)
	return &corev1.PersistentVolume{
		ObjectMeta: metav1.ObjectMeta{Name: options.PVName},
		Spec: corev1.PersistentVolumeSpec{
			PersistentVolumeReclaimPolicy: *options.StorageClass.ReclaimPolicy,
			AccessModes:                   options.PVC.Spec.AccessModes,
			Capacity:                      corev1.ResourceList{corev1.ResourceStorage: capacity},
			VolumeMode:                    &mode,
			PersistentVolumeSource: corev1.PersistentVolumeSource{
				CSI: &corev1.CSIPersistentVolumeSource{Driver: driverName, VolumeHandle: made.VolumeId},
			},
		},
	}
}

// stateAfter says whether a volume may come to be after an error: it is then asked for until that is known, even when
// the claim has gone, so that none is left behind.
func stateAfter(err error) controller.ProvisioningState {
	switch status.Code(err) {
	case codes.Canceled, codes.DeadlineExceeded, codes.Unavailable, codes.Aborted:
		return controller.ProvisioningInBackground
	default:
		return controller.ProvisioningFinished
	}
}

// Delete removes the folder of a released volume.
func (p *provisioner) Delete(ctx context.Context, volume *corev1.PersistentVolume) error {
	source := volume.Spec.CSI
	if source == nil || source.Driver != driverName {
		return &controller.IgnoredError{Reason: "the volume is not of " + driverName}
	}
	_, err := p.volumes.DeleteVolume(ctx, &csi.DeleteVolumeRequest{VolumeId: source.VolumeHandle})
	if status.Code(err) == codes.FailedPrecondition {
		return &controller.VolumeInUseError{Reason: err.Error()}
	}
	return err
}
