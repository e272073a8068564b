package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"

	"github.com/spf13/cobra"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/tools/clientcmd"
	"k8s.io/klog/v2"
	"sigs.k8s.io/sig-storage-lib-external-provisioner/v10/controller"
)

// provisionerName is what the StorageClass of the development cluster names.
const provisionerName = "kintsugi.dev/folder"

// folderProvisioner gives each claim a folder of its own on this machine.
type folderProvisioner struct {
	root string
}

// newProvisionerCommand runs the volume provisioner of the development cluster until a signal comes.
func newProvisionerCommand() *cobra.Command {
	var kubeconfig, root string
	command := &cobra.Command{
		Use:          "folder-provisioner",
		SilenceUsage: true,
		RunE: func(command *cobra.Command, _ []string) error {
			config, err := clientcmd.BuildConfigFromFlags("", kubeconfig)
			if err != nil {
				return err
			}
			client, err := kubernetes.NewForConfig(config)
			if err != nil {
				return err
			}
			provisioner := &folderProvisioner{root: root}
			controller.NewProvisionController(
				klog.FromContext(command.Context()), client, provisionerName, provisioner, controller.LeaderElection(false),
			).Run(command.Context())
			return nil
		},
	}
	command.Flags().StringVar(&kubeconfig, "kubeconfig", "", "kubeconfig file")
	command.Flags().StringVar(&root, "root", "", "folder that holds one folder a volume")
	_ = command.MarkFlagRequired("kubeconfig")
	_ = command.MarkFlagRequired("root")
	return command
}

// Provision makes the claim's folder. It is writable by everybody, since containers run as any user.
func (p *folderProvisioner) Provision(
	_ context.Context, options controller.ProvisionOptions,
) (*corev1.PersistentVolume, controller.ProvisioningState, error) {
	if options.PVC.Spec.Selector != nil {
		return nil, controller.ProvisioningFinished, fmt.Errorf("claim selectors are not supported")
	}
	folder := filepath.Join(p.root, options.PVName)
	if err := os.MkdirAll(folder, 0o777); err != nil {
		return nil, controller.ProvisioningFinished, err
	}
	if err := os.Chmod(folder, 0o777); err != nil {
		return nil, controller.ProvisioningFinished, err
	}
	kind := corev1.HostPathDirectory
	volume := &corev1.PersistentVolume{
		ObjectMeta: metav1.ObjectMeta{Name: options.PVName},
		Spec: corev1.PersistentVolumeSpec{
			PersistentVolumeReclaimPolicy: *options.StorageClass.ReclaimPolicy,
			AccessModes:                   options.PVC.Spec.AccessModes,
			Capacity:                      options.PVC.Spec.Resources.Requests,
			PersistentVolumeSource: corev1.PersistentVolumeSource{
				HostPath: &corev1.HostPathVolumeSource{Path: folder, Type: &kind},
			},
		},
	}
	return volume, controller.ProvisioningFinished, nil
}

// Delete removes the folder of a released volume, and only a folder directly under the root.
func (p *folderProvisioner) Delete(_ context.Context, volume *corev1.PersistentVolume) error {
	folder := filepath.Join(p.root, volume.Name)
	if volume.Spec.HostPath == nil || volume.Spec.HostPath.Path != folder {
		return &controller.IgnoredError{Reason: "the volume's folder is not under " + p.root}
	}
	return os.RemoveAll(folder)
}
