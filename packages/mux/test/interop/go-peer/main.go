// A peer built on HashiCorp's own yamux, over standard input and output.
//
//	go-peer ROLE echo                    accepts streams, and sends the bytes of each stream back
//	go-peer ROLE open STREAMS BYTES      opens streams at the same time, sends bytes through each, checks the echo
//	go-peer ROLE goaway                  accepts one stream, sends a go-away, and sends the bytes of the stream back
//
// It reports the outcome as one line of JSON on standard error.
package main

import (
	"bytes"
	"encoding/json"
	"io"
	"io/ioutil"
	"os"
	"strconv"
	"sync"
	"syscall"

	"github.com/hashicorp/yamux"
)

type carrier struct {
	io.Reader
	io.WriteCloser
}

func report(fields map[string]interface{}) {
	line, _ := json.Marshal(fields)
	os.Stderr.Write(append(line, '\n'))
}

func number(i int) int {
	n, err := strconv.Atoi(os.Args[i])
	if err != nil {
		panic(err)
	}
	return n
}

func pattern(length, seed int) []byte {
	out := make([]byte, length)
	for i := range out {
		out[i] = byte(i*7 + (i>>8)*13 + seed)
	}
	return out
}

func echo(stream io.ReadWriteCloser) {
	io.Copy(stream, stream)
	stream.Close()
}

func trip(session *yamux.Session, length, seed int) string {
	stream, err := session.OpenStream()
	if err != nil {
		return "open: " + err.Error()
	}
	sent := pattern(length, seed)
	go stream.Write(sent)
	got := make([]byte, length)
	if _, err := io.ReadFull(stream, got); err != nil {
		return "read: " + err.Error()
	}
	if !bytes.Equal(sent, got) {
		return "other bytes came back"
	}
	if err := stream.Close(); err != nil {
		return "close: " + err.Error()
	}
	if rest, err := ioutil.ReadAll(stream); err != nil || len(rest) != 0 {
		return "no clean end"
	}
	return ""
}

func main() {
	config := yamux.DefaultConfig()
	config.EnableKeepAlive = false
	config.LogOutput = ioutil.Discard
	// If the descriptor were blocking, Close would wait for a read.
	syscall.SetNonblock(0, true)
	syscall.SetNonblock(1, true)
	transport := carrier{os.NewFile(0, "in"), os.NewFile(1, "out")}
	var session *yamux.Session
	var err error
	if os.Args[1] == "client" {
		session, err = yamux.Client(transport, config)
	} else {
		session, err = yamux.Server(transport, config)
	}
	if err != nil {
		panic(err)
	}

	switch os.Args[2] {
	case "echo":
		for {
			stream, err := session.AcceptStream()
			if err != nil {
				report(map[string]interface{}{"end": err.Error(), "streams": session.NumStreams()})
				return
			}
			go echo(stream)
		}
	case "goaway":
		stream, err := session.AcceptStream()
		if err != nil {
			panic(err)
		}
		session.GoAway()
		echo(stream)
		report(map[string]interface{}{"echoed": true})
		<-session.CloseChan()
	case "open":
		var wait sync.WaitGroup
		var lock sync.Mutex
		failures := map[string]int{}
		for i := 0; i < number(3); i++ {
			wait.Add(1)
			go func(seed int) {
				defer wait.Done()
				if what := trip(session, number(4), seed); what != "" {
					lock.Lock()
					failures[what]++
					lock.Unlock()
				}
			}(i)
		}
		wait.Wait()
		roundTrip, err := session.Ping()
		report(map[string]interface{}{"failures": failures, "pinged": err == nil && roundTrip > 0})
		<-session.CloseChan()
	}
}
