package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/ioutil"
	"os"
	"os/signal"
	"runtime"
	"sort"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/hashicorp/yamux"
)

const (
	cookieKey   = "OTTO_PLUGIN_MAGIC_COOKIE"
	cookieValue = "11aab7ff21cb9ff7b0e9975d53f17a8dab571eac9b5ff0191730046698f07b7f"

	version  = 1                      // the version of the application's protocol
	farewell = 500 * time.Millisecond // how long the shutdown hook may run if the host did not send Quit

	termPatience = 10 * time.Second       // how long the plugin waits for the host after a first SIGTERM
	termIdle     = 250 * time.Millisecond // how long calls may run after a second SIGTERM; SIGKILL follows a second later
)

// Factory makes the implementation for one dispense, or returns an error with the reason why it cannot.
type Factory func(*Plugin) (interface{}, error)

// Plugin gives implementations access to the session: to output, broker streams, and the host's services.
type Plugin struct {
	// Stdout and Stderr are the synced streams. Text that Go code prints to os.Stdout reaches the host as raw output. Raw
	// output is not lost, but it may arrive before or after the replies around it.
	Stdout, Stderr io.Writer
	Broker         *Broker
	Host           *Host           // the services that the host offers
	Context        context.Context // is done when the host ends without a Quit

	factories map[string]Factory
	cancel    context.CancelFunc
	calls     calls
	grace     time.Duration
	quit      int32 // 1 once Quit was answered
	offered   bool  // the host offers services
	hook      func()
	hookOnce  sync.Once
	hookDone  chan struct{}
}

// Serve is the plugin's main function. Serve ends the process when the session with the host has ended. The hook, which
// may be nil, runs before the process ends.
func Serve(factories map[string]Factory, hook func()) {
	if os.Getenv(cookieKey) != cookieValue {
		fail("This program is a plugin: it is started by its host and does nothing by itself.")
	}
	address := environment("PIPEWORK_FDS", "3,4")
	graceMs, err := strconv.Atoi(environment("PIPEWORK_GRACE_MS", "2000"))
	if err != nil {
		fail("PIPEWORK_GRACE_MS is no number: %v", err)
	}
	capabilities := "," + environment("PIPEWORK_CAPABILITIES", "") + ","
	// Removes the variables of the handshake, so that programs that the plugin starts do not take themselves for
	// plugins. PIPEWORK_PROTOCOL_VERSIONS is not read, because this plugin has only one version and always announces
	// it.
	for _, name := range []string{
		cookieKey, "PIPEWORK_FDS", "PIPEWORK_GRACE_MS", "PIPEWORK_PROTOCOL_VERSIONS",
		"PIPEWORK_CAPABILITIES", "PIPEWORK_LOG_LEVEL", "PIPEWORK_TERMINAL", "PIPEWORK_COMMAND",
	} {
		os.Unsetenv(name)
	}

	p := &Plugin{
		factories: factories,
		grace:     time.Duration(graceMs) * time.Millisecond,
		offered:   strings.Contains(capabilities, ",host,"),
		hook:      hook,
		hookDone:  make(chan struct{}),
	}
	p.Context, p.cancel = context.WithCancel(context.Background())
	p.handleSignals()
	p.run(openPipes(address), address)
}

func (p *Plugin) run(pipes *pipes, address string) {
	config := yamux.DefaultConfig()
	// On a local pipe, end of file and exit are reliable, so no timeouts are needed. A timeout would end the session
	// while a debugger holds the host at a breakpoint.
	config.EnableKeepAlive = false
	config.ConnectionWriteTimeout = 365 * 24 * time.Hour
	config.LogOutput = ioutil.Discard // yamux would log an error at every ordinary end
	session, err := yamux.Server(pipes, config)
	if err != nil {
		fail("%v", err)
	}
	// The handshake line is written only now, because the host sends frames as soon as it has read this line.
	fmt.Fprintf(pipes.writing, "1|pipe|%s|msgpack-rpc|%d|describe|%d\n", address, version, version)

	// The first three streams are control, stdout and stderr, in this order.
	var first [3]*yamux.Stream
	for i := range first {
		if first[i], err = session.AcceptStream(); err != nil {
			p.end(0) // the host ended before it opened these streams
		}
	}
	p.Stdout, p.Stderr = output{first[1]}, output{first[2]}
	p.Broker = newBroker(session)
	p.Host = &Host{broker: p.Broker, offers: p.offered}
	go p.Broker.run()

	ended := make(chan struct{})
	go func() {
		serve(first[0], map[string]interface{}{"Control": control{p}, "Dispenser": dispenser{p}}, nil, &hooks{
			asked: func(method string) {
				if method == "Control.Quit" {
					p.calls.refuse() // requests are read one after another, so each request that is read after Quit is refused
				}
			},
			answered: func(method string) {
				if method == "Control.Quit" {
					atomic.StoreInt32(&p.quit, 1)
				}
			},
		})
		close(ended) // the end of the control stream ends the session
	}()
	select {
	case <-ended:
	case <-session.CloseChan():
	}
	p.end(0)
}

// end ends the process. If the host sent no Quit, end first cancels the calls and gives the hook half a second.
func (p *Plugin) end(status int) {
	if atomic.LoadInt32(&p.quit) == 0 {
		p.cancel()
		p.shutDown(farewell)
	}
	os.Exit(status)
}

// shutDown runs the hook once, and waits for its end, but no longer than patience.
func (p *Plugin) shutDown(patience time.Duration) {
	go p.hookOnce.Do(func() {
		if p.hook != nil {
			p.hook()
		}
		close(p.hookDone)
	})
	select {
	case <-p.hookDone:
	case <-time.After(patience):
	}
}

// handleSignals lets the host decide what a signal means, because a terminal, the program timeout and service managers
// signal both processes. SIGINT and SIGHUP do nothing. After a first SIGTERM, the plugin waits a limited time for the
// host's Quit or its end. After a second SIGTERM, the plugin does not wait for the host.
func (p *Plugin) handleSignals() {
	received := make(chan os.Signal, 8)
	signal.Notify(received, os.Interrupt, syscall.SIGHUP, syscall.SIGTERM)
	go func() {
		var patience <-chan time.Time
		for {
			select {
			case each := <-received:
				if each != syscall.SIGTERM {
					continue
				}
				if patience == nil {
					patience = time.After(termPatience)
					continue
				}
			case <-patience:
			}
			p.leave()
		}
	}()
}

// leave ends the process without the host's Quit. It refuses new calls, waits briefly for running calls and for the
// hook, and sends FIN on both outputs.
func (p *Plugin) leave() {
	p.calls.refuse()
	p.calls.wait(termIdle)
	p.cancel()
	p.shutDown(farewell)
	p.finishOutput()
	os.Exit(0)
}

// finishOutput sends FIN on stdout and stderr, after everything that was printed.
func (p *Plugin) finishOutput() {
	for _, output := range []io.Writer{p.Stdout, p.Stderr} {
		if stream, ok := output.(io.Closer); ok {
			stream.Close()
		}
	}
}

// control and dispenser are the services of the first stream.
type control struct{ plugin *Plugin }

func (control) Ping(_ interface{}, reply *bool) error {
	*reply = true
	return nil
}

// Quit answers when the running calls and the hook have ended, or when three quarters of the grace period are over.
func (c control) Quit(_ interface{}, reply *bool) error {
	deadline := time.Now().Add(c.plugin.grace * 3 / 4)
	c.plugin.calls.wait(time.Until(deadline))
	c.plugin.shutDown(time.Until(deadline))
	// Nothing is printed any more, so FIN can be sent before the answer. After the answer it could be too late: the
	// host may close its descriptor at any moment, and stock yamux then drops the session.
	c.plugin.finishOutput()
	*reply = true
	return nil
}

// Describe returns the plugin's runtime, its protocol versions, and the names that can be dispensed.
func (c control) Describe(_ interface{}, reply *map[string]interface{}) error {
	names := []string{}
	for name := range c.plugin.factories {
		names = append(names, name)
	}
	sort.Strings(names)
	*reply = map[string]interface{}{
		"runtime":          "go " + strings.TrimPrefix(runtime.Version(), "go"),
		"protocolVersions": []int{version},
		"plugins":          names,
	}
	return nil
}

type dispenser struct{ plugin *Plugin }

func (d dispenser) Dispense(name string, reply *uint32) error {
	if d.plugin.calls.refuses() {
		return errors.New(shuttingDown)
	}
	factory, ok := d.plugin.factories[name]
	if !ok {
		return errors.New("unknown plugin type: " + name)
	}
	service, err := factory(d.plugin)
	if err != nil {
		return err
	}
	id, accept := d.plugin.Broker.Offer()
	go func() {
		stream, err := accept()
		if err != nil {
			return // the host did not dial the id in time
		}
		serve(stream, map[string]interface{}{"Plugin": service}, &d.plugin.calls, nil)
	}()
	*reply = id
	return nil
}

// output is a synced stream. Stock yamux makes a frame of each write, and the protocol allows at most 64 KiB in a
// frame. So output splits longer writes.
type output struct{ *yamux.Stream }

func (o output) Write(data []byte) (int, error) {
	written := 0
	for written < len(data) {
		end := written + largestFrame
		if end > len(data) {
			end = len(data)
		}
		n, err := o.Stream.Write(data[written:end])
		written += n
		if err != nil {
			return written, err
		}
	}
	return written, nil
}

// pipes joins the two descriptors to one connection, because yamux needs a single connection.
type pipes struct {
	guard            *guard
	reading, writing *os.File
}

func (p *pipes) Read(data []byte) (int, error)  { return p.guard.Read(data) }
func (p *pipes) Write(data []byte) (int, error) { return p.writing.Write(data) }
func (p *pipes) Close() error {
	p.writing.Close()
	return p.reading.Close()
}

func openPipes(address string) *pipes {
	var files [2]*os.File
	parts := strings.Split(address, ",")
	for i := range files {
		if len(parts) != 2 {
			fail("PIPEWORK_FDS is %q, which should name two descriptors, such as 3,4", address)
		}
		fd, err := strconv.Atoi(parts[i])
		if err == nil {
			// SetNonblock must be called before NewFile, which reads the mode. On a blocking descriptor, Close would not wake
			// Read, and yamux's Close would wait until the host sends something.
			err = syscall.SetNonblock(fd, true)
		}
		if err != nil {
			fail("PIPEWORK_FDS is %q, and %q is no open descriptor: %v", address, parts[i], err)
		}
		syscall.CloseOnExec(fd) // if a program started from here inherited the descriptor, the host would not see the end of this plugin
		files[i] = os.NewFile(uintptr(fd), "descriptor "+parts[i])
	}
	if address == "0,1" {
		os.Stdout = os.Stderr // output that Go code prints must not get into the protocol
	}
	return &pipes{guard: &guard{Reader: files[0]}, reading: files[0], writing: files[1]}
}

func environment(name, otherwise string) string {
	if value, ok := os.LookupEnv(name); ok {
		return value
	}
	return otherwise
}

func fail(format string, values ...interface{}) {
	fmt.Fprintf(os.Stderr, format+"\n", values...)
	os.Exit(1)
}
