package main

import (
	"fmt"
	"io"
	"net/rpc"
	"reflect"
	"strings"
	"sync"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/ugorji/go/codec"
)

// handle sets WriteExt. Without this option, the codec writes MessagePack's old form, in which text and bytes are the
// same type.
var handle = &codec.MsgpackHandle{WriteExt: true}

// describeMethod has no service in its name. net/rpc needs a service, so describeService answers the method.
const (
	describeMethod  = "$/describe"
	describeService = "Description"
)

const shuttingDown = "plugin is shutting down"

// hooks has two functions that get a method's name. asked is called when a request has been read, and answered when
// its response has been written.
type hooks struct{ asked, answered func(method string) }

// serve answers the calls on one stream until the host ends the stream. After that, serve ends the stream too, and
// returns.
func serve(stream io.ReadWriteCloser, services map[string]interface{}, calls *calls, hooks *hooks) {
	server := rpc.NewServer()
	methods := map[string]string{}
	for name, service := range services {
		if err := server.RegisterName(name, service); err != nil {
			fail("%v", err)
		}
		for called, offered := range names(name, reflect.TypeOf(service)) {
			methods[called] = offered
		}
	}
	if service, ok := services["Plugin"]; ok {
		if err := server.RegisterName(describeService, description{reflect.TypeOf(service)}); err != nil {
			fail("%v", err)
		}
		methods[describeMethod] = describeService + ".Describe"
	}
	whole := &messages{ReadWriteCloser: stream}
	stock := codec.MsgpackSpecRpc.ServerCodec(whole, handle)
	server.ServeCodec(&serverCodec{
		ServerCodec: stock, messages: whole, methods: methods, calls: calls, hooks: hooks, running: map[uint64]bool{},
	})
}

// names maps each method name that the host may use to the name of a Go method. Exported methods in Go begin with a
// capital, and methods of most other languages do not. So `Plugin.greet` means `Plugin.Greet`.
func names(service string, receiver reflect.Type) map[string]string {
	result := map[string]string{}
	for i := 0; i < receiver.NumMethod(); i++ {
		name, form := receiver.Method(i).Name, receiver.Method(i).Type
		if form.NumIn() != 3 || form.In(2).Kind() != reflect.Ptr || form.NumOut() != 1 {
			continue // the method does not have net/rpc's form, so it is not offered
		}
		first, size := utf8.DecodeRuneInString(name)
		result[service+"."+string(unicode.ToLower(first))+name[size:]] = service + "." + name
	}
	return result
}

// description lists the methods of a service that the host can call, by the names that the host uses: `greet` for
// Greet.
type description struct{ service reflect.Type }

func (d description) Describe(_ interface{}, reply *map[string]interface{}) error {
	*reply = map[string]interface{}{}
	for called, offered := range names("", d.service) {
		method, _ := d.service.MethodByName(offered[1:])
		(*reply)[called[1:]] = map[string]interface{}{
			"input":  []interface{}{schemaOf(method.Type.In(1))},
			"output": schemaOf(method.Type.In(2).Elem()),
		}
	}
	return nil
}

// fields is a list of alternating keys and values. On the wire it is a map whose keys have this order.
type fields []interface{}

func (fields) MapBySlice() {}

// schemaOf returns the JSON Schema of a type. If JSON Schema cannot express the type, the schema is true, which any
// value fits.
func schemaOf(form reflect.Type) interface{} {
	switch kind := form.Kind(); {
	case kind == reflect.String:
		return fields{"type", "string"}
	case kind == reflect.Bool:
		return fields{"type", "boolean"}
	case reflect.Int <= kind && kind <= reflect.Uint64:
		return fields{"type", "integer"}
	case kind == reflect.Float32 || kind == reflect.Float64:
		return fields{"type", "number"}
	case kind == reflect.Slice && form.Elem().Kind() != reflect.Uint8: // JSON lacks bytes
		return fields{"type", "array", "items", schemaOf(form.Elem())}
	case kind == reflect.Struct:
		properties, names := fields{}, []string{}
		for _, field := range reflect.VisibleFields(form) {
			name := strings.Split(field.Tag.Get("codec"), ",")[0]
			if name == "" {
				name = field.Name
			}
			properties = append(properties, name, schemaOf(field.Type))
			names = append(names, name)
		}
		return fields{"type", "object", "properties", properties, "required", names}
	}
	return true
}

// serverCodec wraps the stock codec for net/rpc, because only a codec sees each call begin and end.
type serverCodec struct {
	rpc.ServerCodec
	messages *messages
	methods  map[string]string
	calls    *calls
	hooks    *hooks
	lock     sync.Mutex
	running  map[uint64]bool // the ids of calls that were not answered yet
}

func (c *serverCodec) ReadRequestHeader(request *rpc.Request) error {
	if err := c.ServerCodec.ReadRequestHeader(request); err != nil {
		return err
	}
	c.lock.Lock()
	inUse := c.running[request.Seq]
	c.running[request.Seq] = true
	c.lock.Unlock()
	if inUse {
		c.messages.Close() // now, because net/rpc would wait for running calls first
		return fmt.Errorf("a request whose id %d is in use", request.Seq)
	}
	if c.calls.begin() {
		// An unknown name is not changed, so that net/rpc's error has the name that the host sent.
		if offered, ok := c.methods[request.ServiceMethod]; ok {
			request.ServiceMethod = offered
		}
	} else {
		request.ServiceMethod = shuttingDown // this is not the name of a method, so net/rpc refuses it
	}
	if c.hooks != nil {
		c.hooks.asked(request.ServiceMethod)
	}
	return nil
}

// ReadRequestBody first reads the argument as raw bytes, and only then decodes it. If the stock codec met an argument
// of the wrong type, it would stop in the middle of the argument, and every later call on the stream would fail.
func (c *serverCodec) ReadRequestBody(body interface{}) error {
	if body == nil {
		return c.ServerCodec.ReadRequestBody(nil)
	}
	var raw codec.Raw
	if err := c.ServerCodec.ReadRequestBody(&raw); err != nil {
		return err
	}
	if c.messages.fault != nil {
		return c.messages.fault
	}
	if len(raw) == 0 {
		return nil // the call has no argument, so the method gets the zero value
	}
	return codec.NewDecoderBytes(raw, handle).Decode(body)
}

// WriteResponse is called once for each request whose header was read.
func (c *serverCodec) WriteResponse(response *rpc.Response, body interface{}) error {
	if response.ServiceMethod == shuttingDown {
		response.Error = shuttingDown
	}
	c.lock.Lock()
	delete(c.running, response.Seq)
	c.lock.Unlock()
	err := c.ServerCodec.WriteResponse(response, body)
	c.calls.end()
	if c.hooks != nil {
		c.hooks.answered(response.ServiceMethod)
	}
	return err
}

// calls counts the running calls, so that Quit can wait for them. After Quit, new calls are refused. If calls is nil,
// no call is counted or refused.
type calls struct {
	lock     sync.Mutex
	running  int
	quitting bool
	idle     chan struct{} // closed when no call runs any more; nil while Quit does not wait
}

// begin counts a call, and returns true if the call may run. A refused call is counted too.
func (c *calls) begin() bool {
	if c == nil {
		return true
	}
	c.lock.Lock()
	defer c.lock.Unlock()
	c.running++
	return !c.quitting
}

func (c *calls) end() {
	if c == nil {
		return
	}
	c.lock.Lock()
	defer c.lock.Unlock()
	c.running--
	c.settle()
}

func (c *calls) settle() {
	if c.running == 0 && c.idle != nil {
		close(c.idle)
		c.idle = nil
	}
}

// refuse makes every further call fail.
func (c *calls) refuse() {
	c.lock.Lock()
	defer c.lock.Unlock()
	c.quitting = true
}

// wait returns when no call runs any more, but after patience at the latest.
func (c *calls) wait(patience time.Duration) {
	idle := make(chan struct{})
	c.lock.Lock()
	c.idle = idle
	c.settle()
	c.lock.Unlock()
	select {
	case <-idle:
	case <-time.After(patience):
	}
}

func (c *calls) refuses() bool {
	c.lock.Lock()
	defer c.lock.Unlock()
	return c.quitting
}
