"""Every stream after the first three begins with a broker id. The side that accepts the stream handed out this number.

So a reply or an argument can name a stream. One side takes an id from `next_id`, sends the id in a call or a reply, and
calls `accept`. The other side dials the id.
"""

import struct
import threading

from .yamux import StreamClosed

ID = struct.Struct(">I")
PATIENCE = 5  # seconds that a stream waits for its id and then for `accept`, and that `accept` waits for a stream
HELD_LIMIT = 256  # streams that may wait for `accept`


class Broker:
    def __init__(self, session):
        self._session = session
        self._changed = threading.Condition()
        self._last_id = 0
        self._held = {}

    def next_id(self):
        """Returns a new id for the host to dial. Each id is used once."""
        with self._changed:
            self._last_id += 1
            return self._last_id

    def accept(self, broker_id, timeout=PATIENCE):
        """Waits for the stream that begins with this id, and returns the stream. Raises TimeoutError."""
        with self._changed:
            if not self._changed.wait_for(lambda: broker_id in self._held, timeout):
                raise TimeoutError(f"nobody dialled the broker id {broker_id} within {timeout} seconds")
            stream = self._held.pop(broker_id)
            self._changed.notify_all()
            return stream

    def dial(self, broker_id):
        """Opens a stream to the code in the host that accepts this id."""
        stream = self._session.open()
        stream.write(ID.pack(broker_id))
        return stream

    def handle(self, stream):
        """Reads the id with which a new stream of the host begins, and keeps the stream until it is accepted."""
        try:
            head = b""
            while len(head) < ID.size:
                part = stream.read(ID.size - len(head), PATIENCE)
                if not part:
                    stream.reset()  # ended before its id was complete
                    return
                head += part
        except StreamClosed:
            return
        except TimeoutError:
            stream.reset()
            return
        (broker_id,) = ID.unpack(head)
        with self._changed:
            if broker_id not in self._held and len(self._held) < HELD_LIMIT:
                self._held[broker_id] = stream
                self._changed.notify_all()
                if self._changed.wait_for(lambda: self._held.get(broker_id) is not stream, PATIENCE):
                    return
                del self._held[broker_id]
        stream.reset()
