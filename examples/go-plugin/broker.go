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
	idPatience   = 5 * time.Second  // how long after its opening a stream of the host may send its id
	dialPatience = 30 * time.Second // how long the host may take to dial an id
	heldLimit    = 256              // how many streams may wait for their id, or for code that accepts them; further streams are refused
)

// Broker handles every stream after the first three. Each such stream begins with an id, and goes to the code that
// handed out this id.
type Broker struct {
	session *yamux.Session
	lock    sync.Mutex
	lastID  uint32
	waiting map[uint32]chan *yamux.Stream
	held    map[uint32]*yamux.Stream // streams that arrived before any code waited for their id
	coming  int                      // how many streams wait for their id, or for code that accepts them
}

func newBroker(session *yamux.Session) *Broker {
	return &Broker{session: session, waiting: map[uint32]chan *yamux.Stream{}, held: map[uint32]*yamux.Stream{}}
}

// Offer returns a new id, and a function that waits until the host has dialled the id.
func (b *Broker) Offer() (uint32, func() (*yamux.Stream, error)) {
	arrival := make(chan *yamux.Stream, 1)
	b.lock.Lock()
	b.lastID++
	id := b.lastID
	if stream, ok := b.held[id]; ok {
		delete(b.held, id)
		arrival <- stream
	} else {
		b.waiting[id] = arrival
	}
	b.lock.Unlock()
	return id, func() (*yamux.Stream, error) {
		select {
		case stream := <-arrival:
			return stream, nil
		case <-time.After(dialPatience):
			b.lock.Lock()
			delete(b.waiting, id)
			b.lock.Unlock()
			return nil, fmt.Errorf("nobody dialled the broker id %d within %v", id, dialPatience)
		}
	}
}

// Dial opens a stream to the code in the host that waits for this id.
func (b *Broker) Dial(id uint32) (*yamux.Stream, error) {
	stream, err := b.session.OpenStream()
	if err != nil {
		return nil, err
	}
	return stream, binary.Write(stream, binary.BigEndian, id)
}

// run accepts each stream of the host immediately, until the session ends.
func (b *Broker) run() {
	for {
		stream, err := b.session.AcceptStream()
		if err != nil {
			return
		}
		go b.receive(stream)
	}
}

// receive reads a stream's id, and gives the stream to the code that waits for this id. receive refuses a stream by
// closing it, because stock yamux has no way to reset one.
func (b *Broker) receive(stream *yamux.Stream) {
	if !b.enter() {
		stream.Close()
		return
	}
	defer b.leave()
	head := make([]byte, 4)
	stream.SetReadDeadline(time.Now().Add(idPatience))
	if _, err := io.ReadFull(stream, head); err != nil {
		stream.Close()
		return
	}
	stream.SetReadDeadline(time.Time{})
	id := binary.BigEndian.Uint32(head)
	if b.give(id, stream) {
		return
	}
	// The code for this id may begin to wait a moment later.
	time.Sleep(idPatience)
	b.lock.Lock()
	defer b.lock.Unlock()
	if b.held[id] == stream {
		delete(b.held, id)
		stream.Close()
	}
}

func (b *Broker) enter() bool {
	b.lock.Lock()
	defer b.lock.Unlock()
	if b.coming >= heldLimit {
		return false
	}
	b.coming++
	return true
}

func (b *Broker) leave() {
	b.lock.Lock()
	defer b.lock.Unlock()
	b.coming--
}

// give hands the stream to the code that waits for its id. If no code waits, give holds the stream and returns false.
// If give already holds a stream with this id, give closes the new one.
func (b *Broker) give(id uint32, stream *yamux.Stream) bool {
	b.lock.Lock()
	defer b.lock.Unlock()
	if arrival := b.waiting[id]; arrival != nil {
		delete(b.waiting, id)
		arrival <- stream
		return true
	}
	if b.held[id] != nil {
		stream.Close()
		return true
	}
	b.held[id] = stream
	return false
}
