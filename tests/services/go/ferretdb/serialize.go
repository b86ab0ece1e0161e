package main

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"sync"
)

const (
	headerSize = 16
	bodyStart  = headerSize + 4 + 1 + 4 + 1 // flags, kind of section, length and first type of the document
	maxMessage = 48_000_000                 // what the server announces as maxMessageSizeBytes
	opMsg      = 2013
	moreToCome = 1 << 1 // OP_MSG flag: the sender expects no reply
)

// writes are the commands that MongoDB runs atomically on each document.
var writes = [][]byte{[]byte("insert\x00"), []byte("update\x00"), []byte("delete\x00"), []byte("findAndModify\x00")}

// serialize hands one writing command at a time to the server behind the Unix socket `inner`.
//
// MongoDB promises that each update of one document is atomic. FerretDB 1 runs it as a query followed by a write,
// so two compare-and-sets at once both succeed and increments get lost. One lock around each exchange restores the
// promise that the code under test is entitled to. Others pass beside: a client whose heartbeat waits for a large
// write would take the server for dead.
func serialize(listener net.Listener, inner string, logger *slog.Logger) {
	var exchange sync.Mutex
	for {
		client, err := listener.Accept()
		if err != nil {
			logger.Error("accept", "error", err)
			return
		}
		go func() {
			defer client.Close()
			server, err := net.Dial("unix", inner)
			if err != nil {
				logger.Error("dial", "error", err)
				return
			}
			defer server.Close()
			for {
				if err := relay(client, server, &exchange); err != nil {
					if !errors.Is(err, io.EOF) {
						logger.Debug("connection ended", "error", err)
					}
					return
				}
			}
		}()
	}
}

func relay(client, server net.Conn, exchange *sync.Mutex) error {
	request, err := readMessage(client)
	if err != nil {
		return err
	}
	reply, err := func() ([]byte, error) {
		if isWrite(request) {
			exchange.Lock()
			defer exchange.Unlock()
		}
		if _, err := server.Write(request); err != nil {
			return nil, err
		}
		if !wantsReply(request) {
			return nil, nil
		}
		return readMessage(server)
	}()
	if err != nil {
		return err
	}
	_, err = client.Write(reply)
	return err
}

func isWrite(message []byte) bool {
	if binary.LittleEndian.Uint32(message[12:]) != opMsg || len(message) < bodyStart {
		return false
	}
	for _, name := range writes {
		if bytes.HasPrefix(message[bodyStart:], name) {
			return true
		}
	}
	return false
}

func wantsReply(message []byte) bool {
	isMsg := binary.LittleEndian.Uint32(message[12:]) == opMsg
	return !isMsg || len(message) < headerSize+4 || binary.LittleEndian.Uint32(message[headerSize:])&moreToCome == 0
}

func readMessage(from io.Reader) ([]byte, error) {
	var header [headerSize]byte
	if _, err := io.ReadFull(from, header[:]); err != nil {
		return nil, err
	}
	length := binary.LittleEndian.Uint32(header[:])
	if length < headerSize || length > maxMessage {
		return nil, fmt.Errorf("message of %d bytes", length)
	}
	message := make([]byte, length)
	copy(message, header[:])
	_, err := io.ReadFull(from, message[headerSize:])
	return message, err
}
