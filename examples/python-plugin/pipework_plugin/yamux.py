"""Yamux (https://github.com/hashicorp/yamux/blob/master/spec.md): many streams over one pair of descriptors.

This is the plugin's side, which is the yamux server. The host opens streams with odd ids, and this side opens streams
with even ones. The thread that calls `Session.run` reads frames, and another thread writes them. Any number of threads
may read and write streams. These threads block while there is nothing to read, or no credit to write.
"""

import os
import select
import threading

from .frames import ACK, DATA, FIN, GO_AWAY, HEADER, PING, RST, SYN, WINDOW_UPDATE, Outbox

WINDOW = 256 * 1024  # bytes that each side may send on a new stream before it gets credit; the protocol fixes this number
LARGEST_FRAME = 64 * 1024  # the largest payload of a data frame that we send, so that no stream holds the pipe for long
STREAM_LIMIT = 1024  # streams open at the same time; a further one is reset
UNACKNOWLEDGED_LIMIT = 256  # streams that we opened and the host has not acknowledged yet; a further `open` waits


class ProtocolError(Exception):
    """The host broke a rule of yamux. This error ends the session."""


class StreamClosed(Exception):
    """The stream was reset, or its session is over."""


class Stream:
    """One two-way flow of bytes. `end` ends only our direction."""

    def __init__(self, session, stream_id, acknowledged):
        self.id = stream_id
        self._session = session
        self._changed = threading.Condition(session.lock)
        self._writing = threading.Lock()  # lets one message be written at a time, so that its frames follow each other
        self._buffer = bytearray()  # bytes that have arrived and were not read yet
        self._receive_window = WINDOW  # bytes that the host may still send
        self._credit = WINDOW  # bytes that we may still send
        self._readers = 0  # threads that wait for bytes
        self._owed = 0  # bytes that the application has read, but for which the host has no credit yet
        self._stuck = False  # true while a write waits for credit
        self._remote_finished = False
        self._finished = False
        self._abandoned = False  # true when the session ends, so that writes that wait for credit fail
        self._closed = False  # true if either side has reset the stream, or the session is over
        self._acknowledged = acknowledged

    def read(self, limit=None, timeout=None):
        """Returns at most `limit` of the bytes that have arrived. Waits for the first byte. Returns b'' once the host
        has ended its direction.

        The host gets credit only for bytes that are read here. So a slow reader makes the host wait, and does not fill
        the memory of this process. Raises StreamClosed, or TimeoutError if no byte arrives within `timeout` seconds.
        """
        with self._changed:
            self._readers += 1
            arrived = self._changed.wait_for(lambda: self._buffer or self._remote_finished or self._closed, timeout)
            self._readers -= 1
            if not arrived:
                raise TimeoutError(f"no byte on stream {self.id} within {timeout} seconds")
            if self._closed:
                raise StreamClosed(f"stream {self.id} was reset")
            data = bytes(self._buffer[:limit])
            del self._buffer[:limit]
            self._owed += len(data)
            # Credit is sent only when at least half a window is owed. After the host's FIN, credit has no use.
            if self._owed >= WINDOW // 2 and not self._remote_finished:
                grant, self._owed = self._owed, 0
                self._receive_window += grant
                self._session.outbox.put(WINDOW_UPDATE, 0, self.id, grant)
            return data

    @property
    def is_taken(self):
        """True if the stream has ended, or if its reader has handled all bytes that have arrived and waits for more."""
        with self._changed:
            return self._closed or (not self._buffer and (self._readers > 0 or self._remote_finished))

    def write(self, data):
        """Sends all of `data`, and waits for credit if necessary. Raises StreamClosed."""
        with self._writing:
            rest = memoryview(data)
            while rest:
                with self._changed:
                    self._stuck = True
                    self._changed.wait_for(lambda: self._credit > 0 or self._unwritable)
                    self._stuck = False
                    self._changed.notify_all()
                    if self._unwritable:
                        raise StreamClosed(f"stream {self.id} is closed for writing")
                    size = min(len(rest), self._credit, LARGEST_FRAME)
                    self._credit -= size
                self._session.outbox.put(DATA, 0, self.id, size, bytes(rest[:size]))
                rest = rest[size:]

    def wait_for_credit(self):
        """Returns once no other thread's write waits for credit."""
        with self._changed:
            self._changed.wait_for(lambda: not self._stuck or self._unwritable)

    def end(self):
        """Sends FIN after everything that was written, and ends writing. Reading goes on. May be called again."""
        with self._writing, self._changed:
            if not self._finished and not self._closed:
                self._finished = True
                self._session.outbox.put(WINDOW_UPDATE, FIN, self.id, 0)
                self._session.forget_if_done(self)

    def abandon(self):
        """Fails all writes that wait for credit, so that `end` need not wait for them. Bytes that were already sent are
        not affected."""
        with self._changed:
            self._abandoned = True
            self._changed.notify_all()

    def reset(self):
        """Ends both directions immediately, and drops unread and unsent bytes."""
        with self._changed:
            if not self._closed:
                self._session.outbox.put(WINDOW_UPDATE, RST, self.id, 0)
                self._session.forget(self)
                self.close()

    # The session calls the following methods while it holds its lock.

    def close(self):
        self._closed = True
        self._changed.notify_all()

    def acknowledge(self):
        """Marks this stream as acknowledged by the host. Returns True only if it was not marked before."""
        first, self._acknowledged = not self._acknowledged, True
        return first

    def admit(self, size):
        """Takes the `size` bytes of a data frame from the receive window. Raises ProtocolError if they do not fit."""
        if size > self._receive_window:
            raise ProtocolError(f"{size} bytes on stream {self.id}, whose window has {self._receive_window} left")
        self._receive_window -= size

    def receive(self, data):
        if self._remote_finished:
            self.reset()  # bytes after FIN are a fault of this stream's sender, and other streams may be sound
        elif not self._closed:
            self._buffer += data
            self._changed.notify_all()

    def grant(self, size):
        self._credit += size
        if self._credit > 0xFFFFFFFF:
            raise ProtocolError(f"credit of more than 32 bits on stream {self.id}")
        self._changed.notify_all()

    def remote_finish(self):
        self._remote_finished = True
        self._changed.notify_all()
        self._session.forget_if_done(self)

    @property
    def _unwritable(self):
        return self._closed or self._finished or self._abandoned

    @property
    def done(self):
        return self._finished and self._remote_finished


class Session:
    """The streams of one pair of descriptors. `on_stream` gets each stream that the host opens, and must not block."""

    def __init__(self, reading, writing, on_stream):
        self.lock = threading.RLock()
        self._reading = reading
        self._on_stream = on_stream
        self._streams = {}
        self._next_id = 2
        self._unacknowledged = 0
        self._may_open = threading.Condition(self.lock)
        self._going_away = False
        self._over = False
        self._woken, self._wake = os.pipe()
        self.outbox = Outbox(writing, self.stop)

    def open(self):
        """Opens a stream to the host. Waits while 256 streams that we opened are not acknowledged."""
        with self._may_open:
            self._may_open.wait_for(lambda: self._unacknowledged < UNACKNOWLEDGED_LIMIT or self._over)
            if self._over or self._going_away:
                raise StreamClosed("the host takes no more streams")
            stream = Stream(self, self._next_id, acknowledged=False)
            self._next_id += 2
            self._unacknowledged += 1
            self._streams[stream.id] = stream
            self.outbox.put(WINDOW_UPDATE, SYN, stream.id, 0)
            return stream

    def stop(self):
        """Makes `run` return, from any thread."""
        os.write(self._wake, b".")

    def run(self):
        """Reads frames until the host closes its end or `stop` is called. Raises ProtocolError if the host breaks a
        rule or reports a fault."""
        header = bytearray()
        target, left, flags = None, 0, 0  # the current data frame: its stream (None: skip it), bytes to come, flags
        while chunk := self._receive():
            rest = memoryview(chunk)
            while rest:
                if left == 0:
                    # A header may arrive in several pieces.
                    missing = HEADER.size - len(header)
                    header += rest[:missing]
                    rest = rest[missing:]
                    if len(header) < HEADER.size:
                        continue
                    target, left, flags = self._on_header(*HEADER.unpack(header))
                    header.clear()
                part = rest[:left]
                rest = rest[left:]
                left -= len(part)
                with self.lock:
                    if target is not None and part:
                        target.receive(part)
                    if target is not None and left == 0 and flags & FIN:
                        target.remote_finish()

    def close_streams(self):
        """Ends every stream, because the session is over, and wakes the threads that wait on them."""
        with self.lock:
            self._over = True
            for stream in self._streams.values():
                stream.close()
            self._streams.clear()
            self._may_open.notify_all()

    def forget(self, stream):
        if self._streams.pop(stream.id, None) is not None and stream.acknowledge():
            self._settle_opening(stream)

    def forget_if_done(self, stream):
        if stream.done:
            self.forget(stream)

    def _receive(self):
        poll = select.poll()
        poll.register(self._reading, select.POLLIN)
        poll.register(self._woken, select.POLLIN)
        if any(descriptor == self._woken for descriptor, _ in poll.poll()):
            return b""
        try:
            return os.read(self._reading, 64 * 1024)
        except ConnectionResetError:  # raised instead of an end of file if the host died before it read all bytes
            return b""

    def _on_header(self, version, kind, flags, stream_id, length):
        """Acts on a header. Returns the stream that takes the payload, the payload's size, and the frame's flags."""
        if version != 0:
            raise ProtocolError(f"yamux version {version}; it has to be 0")
        if kind == PING:
            if flags & SYN:
                self.outbox.put(PING, ACK, 0, length)
            return None, 0, 0
        if kind == GO_AWAY:
            if length != 0:
                raise ProtocolError(f"the host ended the session: go-away {length}")
            with self.lock:
                self._going_away = True  # no further stream may be opened, and open streams continue
            return None, 0, 0
        if kind not in (DATA, WINDOW_UPDATE):
            raise ProtocolError(f"a frame of type {kind}; there are 0 to 3")

        size = length if kind == DATA else 0
        if size > WINDOW:  # checked before memory is allocated for it
            raise ProtocolError(f"a data frame of {size} bytes; no window has ever been larger than {WINDOW}")
        with self.lock:
            stream = self._on_syn(stream_id) if flags & SYN else self._streams.get(stream_id)
            if stream is None:
                return None, size, 0  # the stream was closed a moment ago, or refused, so its bytes are dropped
            if stream.acknowledge():
                self._settle_opening(stream)
            if flags & RST:
                self.forget(stream)
                stream.close()
                return None, size, 0  # the payload of this frame is dropped too
            if kind == DATA:
                stream.admit(size)
                return stream, size, flags
            stream.grant(length)
            if flags & FIN:
                stream.remote_finish()
            return None, 0, 0

    def _on_syn(self, stream_id):
        if stream_id % 2 == 0:
            raise ProtocolError(f"the host opened stream {stream_id}; a yamux client's ids are odd")
        if stream_id in self._streams:
            raise ProtocolError(f"the host opened stream {stream_id} twice")
        if len(self._streams) >= STREAM_LIMIT:
            self.outbox.put(WINDOW_UPDATE, RST, stream_id, 0)
            return None
        stream = self._streams[stream_id] = Stream(self, stream_id, acknowledged=True)
        self.outbox.put(WINDOW_UPDATE, ACK, stream_id, 0)  # each stream is acknowledged once, as soon as it arrives
        self._on_stream(stream)
        return stream

    def _settle_opening(self, stream):
        if stream.id % 2 == 0:
            self._unacknowledged -= 1
            self._may_open.notify()
