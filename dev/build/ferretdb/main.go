// FerretDB over SQLite: a server that speaks MongoDB's protocol. Its own command insists on a version file that a Go module cannot carry.
package main

import (
	"context"
	"flag"
	"log/slog"
	"os"
	"os/signal"
	"syscall"

	"github.com/FerretDB/FerretDB/ferretdb"
)

func main() {
	address := flag.String("listen", "127.0.0.1:27017", "address and port to listen on")
	data := flag.String("data", "data", "folder of the database files, made when missing")
	flag.Parse()
	logger := slog.New(slog.NewTextHandler(os.Stderr, nil))
	slog.SetDefault(logger)
	if err := run(*address, *data, logger); err != nil {
		logger.Error("FerretDB ended", "error", err)
		os.Exit(1)
	}
}

func run(address, data string, logger *slog.Logger) error {
	if err := os.MkdirAll(data, 0o755); err != nil {
		return err
	}
	server, err := ferretdb.New(&ferretdb.Config{
		Listener:  ferretdb.ListenerConfig{TCP: address},
		Logger:    logger,
		Handler:   "sqlite",
		SQLiteURL: "file:" + data + "/",
	})
	if err != nil {
		return err
	}
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGINT, syscall.SIGTERM)
	defer stop()
	logger.Info("ready", "address", address)
	return server.Run(ctx)
}
