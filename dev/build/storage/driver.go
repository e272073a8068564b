package main

import (
	"context"
	"errors"
	"io/fs"
	"net"
	"os"
	"path/filepath"

	"github.com/container-storage-interface/spec/lib/go/csi"
	"google.golang.org/grpc"
	"k8s.io/klog/v2"
	registration "k8s.io/kubelet/pkg/apis/pluginregistration/v1"
	"k8s.io/mount-utils"
)

const driverVersion = "1.0.0"

// runDriver serves the CSI services on a socket, and makes the kubelet know of them, until the context ends.
func runDriver(ctx context.Context, args []string) error {
	var root, socket, plugins, node string
	err := parseFlags("csi-driver", args, map[string]*string{
		"root":            &root,    // the folder of volumes and snapshots
		"socket":          &socket,  // where the CSI services are
		"plugin-registry": &plugins, // the folder in which the kubelet looks for plugins
		"node":            &node,
	})
	if err != nil {
		return err
	}
	store, err := openStore(root)
	if err != nil {
		return err
	}
	services := newServices(store, node, mount.New(""))
	registrar := grpc.NewServer()
	registration.RegisterRegistrationServer(registrar, &registrationServer{socket: socket})

	ended := make(chan error, 2)
	// The kubelet calls as soon as it sees the second socket.
	for _, server := range []struct {
		*grpc.Server
		socket string
	}{{services, socket}, {registrar, filepath.Join(plugins, driverName+"-reg.sock")}} {
		listener, err := listen(server.socket)
		if err != nil {
			return err
		}
		defer server.Stop()
		go func() { ended <- server.Serve(listener) }()
	}
	klog.InfoS("serving", "driver", driverName, "socket", socket)
	select {
	case err := <-ended:
		return err
	case <-ctx.Done():
		return nil
	}
}

// newServices is the driver: the Identity, Controller and Node services over one store.
func newServices(store *store, node string, mounter mount.Interface) *grpc.Server {
	services := grpc.NewServer(grpc.UnaryInterceptor(logFailures))
	csi.RegisterIdentityServer(services, &identityServer{})
	csi.RegisterControllerServer(services, &controllerServer{store: store})
	csi.RegisterNodeServer(services, &nodeServer{store: store, node: node, mounter: mounter})
	return services
}

// listen opens a socket in place of one that an earlier process has left.
func listen(socket string) (net.Listener, error) {
	if err := os.MkdirAll(filepath.Dir(socket), 0o700); err != nil {
		return nil, err
	}
	if err := os.Remove(socket); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, err
	}
	return net.Listen("unix", socket)
}

func logFailures(
	ctx context.Context, request any, call *grpc.UnaryServerInfo, handle grpc.UnaryHandler,
) (any, error) {
	response, err := handle(ctx, request)
	if err != nil {
		klog.ErrorS(err, "refused", "method", call.FullMethod)
	}
	return response, err
}

// identityServer says who this is and that it has a Controller service.
type identityServer struct {
	csi.UnimplementedIdentityServer
}

func (*identityServer) GetPluginInfo(
	context.Context, *csi.GetPluginInfoRequest,
) (*csi.GetPluginInfoResponse, error) {
	return &csi.GetPluginInfoResponse{Name: driverName, VendorVersion: driverVersion}, nil
}

func (*identityServer) GetPluginCapabilities(
	context.Context, *csi.GetPluginCapabilitiesRequest,
) (*csi.GetPluginCapabilitiesResponse, error) {
	service := &csi.PluginCapability_Service{Type: csi.PluginCapability_Service_CONTROLLER_SERVICE}
	capability := &csi.PluginCapability{Type: &csi.PluginCapability_Service_{Service: service}}
	return &csi.GetPluginCapabilitiesResponse{Capabilities: []*csi.PluginCapability{capability}}, nil
}

func (*identityServer) Probe(context.Context, *csi.ProbeRequest) (*csi.ProbeResponse, error) {
	return &csi.ProbeResponse{}, nil
}

// registrationServer tells the kubelet where the Node service is.
type registrationServer struct {
	registration.UnimplementedRegistrationServer
	socket string
}

func (s *registrationServer) GetInfo(context.Context, *registration.InfoRequest) (*registration.PluginInfo, error) {
	return &registration.PluginInfo{
		Type: registration.CSIPlugin, Name: driverName, Endpoint: s.socket, SupportedVersions: []string{driverVersion},
	}, nil
}

// NotifyRegistrationStatus is told the kubelet's answer; after a failure it asks again by itself.
func (*registrationServer) NotifyRegistrationStatus(
	_ context.Context, status *registration.RegistrationStatus,
) (*registration.RegistrationStatusResponse, error) {
	klog.InfoS("the kubelet has answered", "registered", status.PluginRegistered, "error", status.Error)
	return &registration.RegistrationStatusResponse{}, nil
}
