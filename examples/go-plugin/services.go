package main

import (
	"errors"
	"net/rpc"
	"sync"

	"github.com/ugorji/go/codec"
)

// Host is a plugin's way to the services of its host: in a factory, in a call, or at any other time.
type Host struct {
	broker *Broker
	offers bool // the host announced that it has any
	lock   sync.Mutex
	asking *rpc.Client // on the stream with broker id 0, opened by the first question
}

// Dispense returns a new implementation of the host's service. It fails with `unknown service: NAME` if there is none.
func (h *Host) Dispense(name string) (*Service, error) {
	if !h.offers {
		return nil, errors.New("unknown service: " + name + ": this host offers no services")
	}
	asking, err := h.ask()
	if err != nil {
		return nil, err
	}
	var id uint32
	if err := asking.Call("Host.Dispense", name, &id); err != nil {
		return nil, err
	}
	client, err := h.dial(id)
	if err != nil {
		return nil, err
	}
	return &Service{client}, nil
}

func (h *Host) ask() (*rpc.Client, error) {
	h.lock.Lock()
	defer h.lock.Unlock()
	var err error
	if h.asking == nil {
		h.asking, err = h.dial(0)
	}
	return h.asking, err
}

func (h *Host) dial(id uint32) (*rpc.Client, error) {
	stream, err := h.broker.Dial(id)
	if err != nil {
		return nil, err
	}
	return rpc.NewClientWithCodec(codec.MsgpackSpecRpc.ClientCodec(stream, handle)), nil
}

// Service is one implementation of a service of the host. Calls of it may run at the same time.
type Service struct{ client *rpc.Client }

// Call calls a method by the host's name for it, with one argument, which is all that net/rpc has. Reply is a pointer.
func (s *Service) Call(method string, argument, reply interface{}) error {
	return s.client.Call("Plugin."+method, argument, reply)
}

// Close lets go of the service: the host disposes of its implementation.
func (s *Service) Close() error { return s.client.Close() }
