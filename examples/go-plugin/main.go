// A pipework plugin made of stock libraries alone: hashicorp/yamux for the streams, net/rpc for the calls, and
// ugorji's codec for MessagePack-RPC. This file has the services. The other files have the code that any plugin needs.
//
// `greeter` is the smallest service that does something. `conformance` has the methods that tests of plugins in any
// language call. docs/other-languages.md defines these methods.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os/exec"
	"strings"
	"time"
)

// Greeter greets. A method that the host can call has net/rpc's form: exported, one argument, a pointer to the reply,
// and an error. The host calls this method `greet`: see names in codec.go.
type Greeter struct{}

func (Greeter) Greet(name string, reply *string) error {
	*reply = fmt.Sprintf("Hello, %s!", name)
	return nil
}

// Counter counts the words of files that its host reads.
type Counter struct{ files *Service }

func (c Counter) Words(path string, reply *int) error {
	var text string
	if err := c.files.Call("read", path, &text); err != nil {
		return err
	}
	*reply = len(strings.Fields(text))
	return nil
}

type Conformance struct {
	stdout, stderr io.Writer
	ctx            context.Context
	host           *Host
}

// Echo returns its argument.
func (Conformance) Echo(value interface{}, reply *interface{}) error {
	*reply = value
	return nil
}

// Fail returns an error with this message. An empty message is replaced, because net/rpc would treat an empty error as
// success.
func (Conformance) Fail(message string, reply *interface{}) error {
	if message == "" {
		message = "an error without a message"
	}
	return errors.New(message)
}

type Print struct {
	Stream string `codec:"stream"`
	Text   string `codec:"text"`
}

// Print writes to a synced stream. The write returns after the bytes were sent, so the reply is sent after the bytes.
func (c Conformance) Print(what Print, reply *interface{}) error {
	target, ok := map[string]io.Writer{"stdout": c.stdout, "stderr": c.stderr}[what.Stream]
	if !ok {
		return fmt.Errorf("no stream %q; there are stdout and stderr", what.Stream)
	}
	_, err := io.WriteString(target, what.Text)
	return err
}

// Bytes returns n bytes. Byte number i is (i * 7 + 3) & 255.
func (Conformance) Bytes(n int, reply *[]byte) error {
	if n < 0 {
		return fmt.Errorf("%d bytes; it has to be 0 or more", n)
	}
	*reply = make([]byte, n)
	for i := range *reply {
		(*reply)[i] = byte(i*7 + 3)
	}
	return nil
}

// Sleep returns after ms milliseconds, or with an error as soon as the host is gone.
func (c Conformance) Sleep(ms float64, reply *interface{}) error {
	select {
	case <-time.After(time.Duration(ms * float64(time.Millisecond))):
		return nil
	case <-c.ctx.Done():
		return c.ctx.Err()
	}
}

// Run starts a program with this plugin's environment, and returns what the program printed on standard output.
func (Conformance) Run(command []string, reply *string) error {
	if len(command) == 0 {
		return errors.New("no program to start")
	}
	output, err := exec.Command(command[0], command[1:]...).Output()
	*reply = string(output)
	return err
}

// Question is the argument of Ask.
type Question struct {
	Service  string      `codec:"service"`
	Method   string      `codec:"method"`
	Argument interface{} `codec:"argument"`
}

// Ask calls a service of the host, and returns the result.
func (c Conformance) Ask(question Question, reply *interface{}) error {
	service, err := c.host.Dispense(question.Service)
	if err != nil {
		return err
	}
	defer service.Close()
	return service.Call(question.Method, question.Argument, reply)
}

func main() {
	Serve(map[string]Factory{
		"greeter": func(p *Plugin) (interface{}, error) { return Greeter{}, nil },
		"counter": func(p *Plugin) (interface{}, error) {
			files, err := p.Host.Dispense("files")
			return Counter{files}, err
		},
		"conformance": func(p *Plugin) (interface{}, error) {
			return Conformance{stdout: p.Stdout, stderr: p.Stderr, ctx: p.Context, host: p.Host}, nil
		},
	}, nil)
}
