// The storage of the development cluster, chosen by its first argument: a CSI driver that keeps each volume in a folder
// of this machine, and the provisioner that makes volumes for claims through it.
package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"slices"
	"strings"
	"syscall"

	"k8s.io/klog/v2"
)

// driverName is what StorageClasses, VolumeSnapshotClasses and PersistentVolumes name.
const driverName = "csi.kintsugi.dev"

var programs = map[string]func(ctx context.Context, args []string) error{
	"csi-driver":      runDriver,
	"csi-provisioner": runProvisioner,
}

func main() {
	name := ""
	if len(os.Args) > 1 {
		name = os.Args[1]
	}
	run, known := programs[name]
	if !known {
		fmt.Fprintf(os.Stderr, "unknown program %q; known: %s\n", name, strings.Join(programNames(), ", "))
		os.Exit(2)
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	err := run(ctx, os.Args[2:])
	stop()
	if err != nil {
		klog.ErrorS(err, "ended", "program", name)
		klog.FlushAndExit(klog.ExitFlushTimeout, 1)
	}
}

func programNames() []string {
	names := make([]string, 0, len(programs))
	for name := range programs {
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}

// parseFlags reads the flags into the given variables; all of them are required.
func parseFlags(name string, args []string, flags map[string]*string) error {
	set := flag.NewFlagSet(name, flag.ContinueOnError)
	for flagName, value := range flags {
		set.StringVar(value, flagName, "", "required")
	}
	if err := set.Parse(args); err != nil {
		return err
	}
	for flagName, value := range flags {
		if *value == "" {
			return fmt.Errorf("--%s is missing", flagName)
		}
	}
	return nil
}
