package main

import (
	"errors"
	"os"
	"os/signal"
	"syscall"

	"github.com/spf13/cobra"
	"go.etcd.io/etcd/server/v3/embed"
)

// newEtcdCommand runs etcd from its own YAML configuration file (the format of `etcd --config-file`) until a signal comes.
func newEtcdCommand() *cobra.Command {
	var configFile string
	command := &cobra.Command{
		Use:          "etcd",
		SilenceUsage: true,
		RunE: func(*cobra.Command, []string) error {
			config, err := embed.ConfigFromFile(configFile)
			if err != nil {
				return err
			}
			etcd, err := embed.StartEtcd(config)
			if err != nil {
				return err
			}
			defer etcd.Close()
			signals := make(chan os.Signal, 1)
			signal.Notify(signals, syscall.SIGINT, syscall.SIGTERM)
			select {
			case <-signals:
				return nil
			case err := <-etcd.Err():
				return err
			case <-etcd.Server.StopNotify():
				return errors.New("etcd stopped by itself")
			}
		},
	}
	command.Flags().StringVar(&configFile, "config-file", "", "etcd configuration file (YAML)")
	_ = command.MarkFlagRequired("config-file")
	return command
}
