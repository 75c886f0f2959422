"""Writes yamux frames.

A frame is a header of 12 bytes (version, type, flags, stream id, length). If its type is data, `length` bytes follow.
"""

import os
import struct
import threading
from collections import deque

HEADER = struct.Struct(">BBHII")
DATA, WINDOW_UPDATE, PING, GO_AWAY = range(4)
SYN, ACK, FIN, RST = 1, 2, 4, 8


class Outbox:
    """A queue of frames. A separate thread writes the frames in the order in which they were put.

    A thread that puts data waits while 64 frames are queued. So a host that does not read slows the plugin down.
    Answers to the host (acknowledgements, credit, pongs) come from the thread that reads, and wait only while 4096
    frames are queued. If the reading thread waited for the writing one, and the host did the same, neither side would
    continue. The limit of 4096 frames bounds the memory if a host sends requests and never reads.
    """

    DATA_FRAMES, FRAMES = 64, 4096

    def __init__(self, descriptor, on_lost):
        self._descriptor = descriptor
        self._on_lost = on_lost
        self._queue = deque()
        self._changed = threading.Condition()
        self._closing = False
        self._lost = False
        self._thread = threading.Thread(target=self._run, name="yamux-writer", daemon=True)
        self._thread.start()

    def put(self, kind, flags, stream_id, length, payload=b""):
        limit = self.DATA_FRAMES if payload else self.FRAMES
        with self._changed:
            while len(self._queue) >= limit and not self._lost:
                self._changed.wait()
            self._queue.append(HEADER.pack(0, kind, flags, stream_id, length) + payload)
            self._changed.notify_all()

    def close(self):
        """Waits until all frames are written, or the host has closed its end of the pipe."""
        with self._changed:
            self._closing = True
            self._changed.notify_all()
        self._thread.join()

    def _run(self):
        while True:
            with self._changed:
                while not self._queue:
                    if self._closing:
                        return
                    self._changed.wait()
                data = b"".join(self._queue)  # one write sends everything that was queued meanwhile
                self._queue.clear()
                self._changed.notify_all()
            try:
                rest = memoryview(data)
                while rest and not self._lost:
                    rest = rest[os.write(self._descriptor, rest) :]
            except OSError:  # the host has closed its end; frames go nowhere from now on
                self._lost = True
                self._on_lost()
