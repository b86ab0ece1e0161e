// Command ferretdb serves the MongoDB wire protocol from SQLite files, for tests.
//
// FerretDB's own command refuses to start when it is built from the module proxy (its version file is generated
// in a git checkout only), so this embeds the same server through its public package.
package main

import (
	"context"
	"flag"
	"log/slog"
	"net"
	"os"
	"os/signal"
	"path/filepath"
	"syscall"

	"github.com/FerretDB/FerretDB/ferretdb"
)

func main() {
	listen := flag.String("listen", "127.0.0.1:27017", "TCP address")
	folder := flag.String("folder", ".", "existing folder for the SQLite files and the inner socket")
	flag.Parse()

	logger := slog.New(slog.NewTextHandler(os.Stderr, &slog.HandlerOptions{Level: slog.LevelWarn}))
	if err := serve(*listen, *folder, logger); err != nil {
		logger.Error("stopped", "error", err)
		os.Exit(1)
	}
}

func serve(address, folder string, logger *slog.Logger) error {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()

	inner := filepath.Join(folder, "ferretdb.sock")
	if err := os.Remove(inner); err != nil && !os.IsNotExist(err) {
		return err
	}
	server, err := ferretdb.New(&ferretdb.Config{
		Listener:  ferretdb.ListenerConfig{Unix: inner},
		Logger:    logger,
		Handler:   "sqlite",
		SQLiteURL: "file:" + folder + "/",
	})
	if err != nil {
		return err
	}
	listener, err := net.Listen("tcp", address)
	if err != nil {
		return err
	}

	go serialize(listener, inner, logger)
	return server.Run(ctx)
}
