package main

import (
	"errors"
	"net/rpc"
	"sync"

	"github.com/ugorji/go/codec"
)

// Host gives a plugin access to the services of its host. A plugin can use a Host in a factory, in a call, and at any
// other time.
type Host struct {
	broker *Broker
	offers bool // true if the host announced that it has services
	lock   sync.Mutex
	asking *rpc.Client // calls over the stream with broker id 0; nil until the first Dispense
}

// Dispense asks the host for a new implementation of a service. If the host does not offer the name, the error is
// `unknown service: NAME`.
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

// Service is one implementation of a service of the host. A Service is safe for concurrent calls.
type Service struct{ client *rpc.Client }

// Call calls the host's method of this name. Call accepts only one argument, because net/rpc supports no more. reply
// must be a pointer.
func (s *Service) Call(method string, argument, reply interface{}) error {
	return s.client.Call("Plugin."+method, argument, reply)
}

// Close releases the service, so that the host disposes of the implementation.
func (s *Service) Close() error { return s.client.Close() }
