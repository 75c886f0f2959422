package main

import (
	"errors"
	"io"
	"sync"
)

const (
	messageLimit    = 128 << 20
	unfinishedLimit = 256 << 20 // the limit of the bytes of all messages that are arriving, over all streams
	valueLimit      = 1 << 20   // the limit of values in one message, as its arrays and maps declare them
	nestingLimit    = 128 + 2   // the limit of levels in one message; the message and its params count as two
	largestFrame    = 64 << 10  // the largest write to yamux, which makes a frame of each write
)

// messages is the stream that the stock codec reads and writes. The codec gets only whole messages inside the
// protocol's limits. If a message has too many values or levels, the codec gets it without its params, and fault is
// set. So only the call of that message fails.
type messages struct {
	io.ReadWriteCloser
	writing sync.Mutex
	arrived []byte // not scanned yet
	message []byte // a whole message, or the part that the codec has not read yet
	fault   error
}

func (m *messages) Read(data []byte) (int, error) {
	if len(m.message) == 0 {
		// While an answer waits for credit, no request is read. So a host that does not read answers gets no credit
		// for requests.
		m.writing.Lock()
		m.writing.Unlock()
		if err := m.load(); err != nil {
			return 0, err
		}
	}
	n := copy(data, m.message)
	m.message = m.message[n:]
	return n, nil
}

func (m *messages) Write(data []byte) (int, error) {
	m.writing.Lock()
	defer m.writing.Unlock()
	return m.ReadWriteCloser.Write(data)
}

// load reads the next message to its end.
func (m *messages) load() error {
	defer unfinished.giveBack(m)
	s := scanner{}
	m.message = nil
	for {
		used, err := s.scan(m.arrived)
		if err != nil {
			return err
		}
		m.message = append(m.message, m.arrived[:used]...)
		m.arrived = m.arrived[used:]
		if s.whole {
			break
		}
		unfinished.wait(m, len(m.message))
		part := make([]byte, largestFrame)
		n, err := m.ReadWriteCloser.Read(part)
		if n == 0 && err != nil {
			return err
		}
		m.arrived = part[:n]
	}
	m.fault = s.fault
	if s.fault != nil {
		m.message = append(m.message[:s.paramsAt], 0x90)
	}
	return nil
}

// unfinished limits the bytes of all messages that are arriving. Beyond the limit, only one stream is read, until its
// message is whole. All other streams wait, and grant no credit.
var unfinished = newBudget()

type budget struct {
	lock     sync.Mutex
	changed  *sync.Cond
	held     map[*messages]int
	total    int
	favoured *messages
}

func newBudget() *budget {
	b := &budget{held: map[*messages]int{}}
	b.changed = sync.NewCond(&b.lock)
	return b
}

// wait records the size of an unfinished message, and returns when more of the message may be read.
func (b *budget) wait(m *messages, size int) {
	b.lock.Lock()
	defer b.lock.Unlock()
	b.total += size - b.held[m]
	b.held[m] = size
	for b.total >= unfinishedLimit && b.favoured != m {
		if b.favoured == nil {
			b.favoured = m
			return
		}
		b.changed.Wait()
	}
}

func (b *budget) giveBack(m *messages) {
	b.lock.Lock()
	defer b.lock.Unlock()
	b.total -= b.held[m]
	delete(b.held, m)
	if b.favoured == m {
		b.favoured = nil
	}
	b.changed.Broadcast()
}

// scanner finds the end of a message, however its bytes are split. The scanner builds no values.
type scanner struct {
	open       []int // how many values each open array or map still expects, outermost first
	size       int   // how many bytes of the message were scanned
	skip       int   // how many bytes of the current value are still to come
	tag        byte
	length     int // the current length field; lengthLeft is how many bytes of it are missing
	lengthLeft int
	values     int
	elements   int // how many elements of the message's own array are whole
	paramsAt   int // the position at which the params begin
	fault      error
	whole      bool
}

// Both lists have an item for each tag from 0xc0 on. lengthSizes has the size of the length field. fixedSizes has the
// number of the value's bytes that the length does not count.
var (
	lengthSizes = [32]int{4: 1, 5: 2, 6: 4, 7: 1, 8: 2, 9: 4, 25: 1, 26: 2, 27: 4, 28: 2, 29: 4, 30: 2, 31: 4}
	fixedSizes  = [32]int{7: 1, 8: 1, 9: 1, 10: 4, 11: 8, 12: 1, 13: 2, 14: 4, 15: 8, 16: 1, 17: 2, 18: 4, 19: 8, 20: 2, 21: 3, 22: 5, 23: 9, 24: 17}
)

// scan reads data, and returns how many of its bytes belong to the message: all bytes, unless the message ends earlier.
func (s *scanner) scan(data []byte) (int, error) {
	for at := 0; at < len(data); {
		if s.skip > 0 {
			passed := len(data) - at
			if passed > s.skip {
				passed = s.skip
			}
			s.skip -= passed
			s.size += passed
			at += passed
			if s.skip > 0 {
				break
			}
		} else {
			opens, err := s.take(data[at])
			at++
			if err != nil {
				return at, err
			}
			if opens || s.skip > 0 || s.lengthLeft > 0 {
				continue
			}
		}
		s.finishValue()
		if s.whole {
			return at, nil
		}
	}
	return len(data), nil
}

// take reads a tag or a byte of a length. It returns true if this byte completes the head of an array or a map with
// items.
func (s *scanner) take(b byte) (bool, error) {
	s.size++
	if s.lengthLeft > 0 {
		s.length = s.length<<8 | int(b)
		if s.lengthLeft--; s.lengthLeft > 0 {
			return false, nil
		}
		switch {
		case s.tag >= 0xde:
			return s.contain(2 * s.length), nil
		case s.tag >= 0xdc:
			return s.contain(s.length), nil
		}
		s.skip = s.length + fixedSizes[s.tag-0xc0]
		if s.size+s.skip > messageLimit {
			return false, errors.New("a message of more than 128 MiB")
		}
		return false, nil
	}
	if s.size == 1 && b&0xf0 != 0x90 {
		return false, errors.New("a message that does not begin with a fixarray")
	}
	s.tag = b
	switch {
	case b < 0x80 || b >= 0xe0:
	case b < 0x90:
		return s.contain(2 * int(b&15)), nil
	case b < 0xa0:
		return s.contain(int(b & 15)), nil
	case b < 0xc0:
		s.skip = int(b & 31)
	default:
		s.skip, s.length, s.lengthLeft = fixedSizes[b-0xc0], 0, lengthSizes[b-0xc0]
		if s.lengthLeft > 0 {
			s.skip = 0
		}
	}
	if s.size > messageLimit {
		return false, errors.New("a message of more than 128 MiB")
	}
	return false, nil
}

func (s *scanner) contain(count int) bool {
	s.values += count
	if s.values > valueLimit {
		s.fault = errors.New("more than 1048576 values in one message")
	}
	if count == 0 {
		return false
	}
	if s.open = append(s.open, count); len(s.open) > nestingLimit {
		s.fault = errors.New("a value of more than 128 levels")
	}
	return true
}

func (s *scanner) finishValue() {
	for len(s.open) > 0 {
		last := len(s.open) - 1
		if s.open[last]--; last == 0 {
			// The kind, the id and the method have been read, so the params begin here.
			if s.elements++; s.elements == 3 {
				s.paramsAt = s.size
			}
		}
		if s.open[last] > 0 {
			return
		}
		s.open = s.open[:last]
	}
	s.whole = true
}
