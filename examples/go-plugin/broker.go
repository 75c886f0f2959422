package main

import (
	"encoding/binary"
	"fmt"
	"io"
	"sync"
	"time"

	"github.com/hashicorp/yamux"
)

const (
	idPatience   = 5 * time.Second  // for a stream of the host's to bring its id
	dialPatience = 30 * time.Second // for an id to be dialled
)

// Broker gives every stream after the first three to the one who handed out the id that the stream begins with.
type Broker struct {
	session *yamux.Session
	lock    sync.Mutex
	lastID  uint32
	waiting map[uint32]chan *yamux.Stream
}

func newBroker(session *yamux.Session) *Broker {
	return &Broker{session: session, waiting: map[uint32]chan *yamux.Stream{}}
}

// Offer hands out an id, and the function that waits until the host has dialled it.
func (b *Broker) Offer() (uint32, func() (*yamux.Stream, error)) {
	arrival := make(chan *yamux.Stream, 1)
	b.lock.Lock()
	b.lastID++
	id := b.lastID
	b.waiting[id] = arrival
	b.lock.Unlock()
	return id, func() (*yamux.Stream, error) {
		select {
		case stream := <-arrival:
			return stream, nil
		case <-time.After(dialPatience):
			b.take(id)
			return nil, fmt.Errorf("nobody dialled the broker id %d within %v", id, dialPatience)
		}
	}
}

// Dial opens a stream to whoever waits for this id in the host.
func (b *Broker) Dial(id uint32) (*yamux.Stream, error) {
	stream, err := b.session.OpenStream()
	if err != nil {
		return nil, err
	}
	return stream, binary.Write(stream, binary.BigEndian, id)
}

// run accepts the host's streams, at once, until the session ends.
func (b *Broker) run() {
	for {
		stream, err := b.session.AcceptStream()
		if err != nil {
			return
		}
		go b.receive(stream)
	}
}

// receive refuses a stream by closing it, because stock yamux has no way to reset one.
func (b *Broker) receive(stream *yamux.Stream) {
	head := make([]byte, 4)
	stream.SetReadDeadline(time.Now().Add(idPatience))
	if _, err := io.ReadFull(stream, head); err != nil {
		stream.Close()
		return
	}
	stream.SetReadDeadline(time.Time{})
	if arrival := b.take(binary.BigEndian.Uint32(head)); arrival != nil {
		arrival <- stream
	} else {
		stream.Close()
	}
}

// take returns who waits for the id, once: each id is used a single time.
func (b *Broker) take(id uint32) chan *yamux.Stream {
	b.lock.Lock()
	defer b.lock.Unlock()
	arrival := b.waiting[id]
	delete(b.waiting, id)
	return arrival
}
