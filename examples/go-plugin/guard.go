package main

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
)

const (
	headerSize    = 12
	largestWindow = 256 * 1024 // the window of a stream in bytes; no data frame may be longer
	frameData     = 0
	flagSYN       = 1
)

// guard checks frames before yamux reads them. It ends the session at two kinds of frames that the stock library
// accepts: a frame that opens a stream with an even id, and a data frame longer than any window. Without the guard,
// yamux would wait for all bytes of the long frame.
type guard struct {
	io.Reader
	header  []byte
	payload uint32 // how many bytes of the current frame are still to come
}

func (g *guard) Read(data []byte) (int, error) {
	n, err := g.Reader.Read(data)
	if fault := g.look(data[:n]); fault != nil {
		return 0, fault
	}
	return n, err
}

func (g *guard) look(data []byte) error {
	for len(data) > 0 {
		if g.payload > 0 {
			passed := g.payload
			if uint64(len(data)) < uint64(passed) {
				passed = uint32(len(data))
			}
			g.payload -= passed
			data = data[passed:]
			continue
		}
		missing := headerSize - len(g.header)
		if missing > len(data) {
			missing = len(data)
		}
		g.header = append(g.header, data[:missing]...)
		data = data[missing:]
		if len(g.header) < headerSize {
			return nil
		}
		if err := g.begin(); err != nil {
			return err
		}
	}
	return nil
}

func (g *guard) begin() error {
	flags := binary.BigEndian.Uint16(g.header[2:])
	id := binary.BigEndian.Uint32(g.header[4:])
	length := binary.BigEndian.Uint32(g.header[8:])
	isData := g.header[1] == frameData
	g.header = g.header[:0]
	if flags&flagSYN != 0 && id != 0 && id%2 == 0 {
		return fmt.Errorf("the host opened stream %d; a yamux client's ids are odd", id)
	}
	if !isData {
		return nil
	}
	if length > largestWindow {
		return errors.New("a data frame longer than any window")
	}
	g.payload = length
	return nil
}
