"""The services that the host offers, as the plugin reaches them. The host is called as it calls a plugin: MessagePack-RPC on a
stream for each service, whose broker id the host hands out when it is asked on the stream with broker id 0.
"""

import sys
import threading

from .decoder import Decoder
from .messagepack import CannotTravel, MalformedMessage, pack_message
from .yamux import StreamClosed

ASKING = 0  # the broker id of the stream on which services are asked for
REQUEST, RESPONSE, NOTIFICATION = range(3)


class HostError(Exception):
    """What the host answered instead of a result. `name` and `code` are its own; None where it sent only a text."""

    def __init__(self, error):
        told = error if isinstance(error, dict) else {"message": error}
        super().__init__(str(told.get("message")))
        self.name = told.get("name")
        self.code = told.get("code")


class Host:
    """A plugin's way to its host's services: `context.host.dispense("files")`, in a factory, in a call, or at any other time."""

    def __init__(self, broker, budget, capabilities):
        self._broker = broker
        self._budget = budget
        self._capabilities = capabilities
        self._lock = threading.Lock()
        self._asking = None  # opened by the first question

    def dispense(self, name):
        """Returns a new implementation of the host's service `name`, whose methods are called as any object's.

        Raises LookupError if the host offers no services, and HostError, `unknown service: NAME`, if it has none of that name.
        """
        if "host" not in self._capabilities:
            raise LookupError(f"unknown service: {name}: this host offers no services")
        with self._lock:
            if self._asking is None or self._asking.ended:
                self._asking = self._dial(ASKING)
        return Service(self._dial(self._asking.call("Host.Dispense", name)))

    def _dial(self, broker_id):
        return _Caller(self._broker.dial(broker_id), self._budget, "cancel" in self._capabilities)


class Service:
    """A service of the host. `files.read("a.txt")` calls its method `read`; `with` or `_close` lets go of it.

    A call raises HostError if it fails in the host, StreamClosed if the session ends first. `_call` takes a time-out too.
    """

    def __init__(self, caller):
        self._caller = caller

    def __getattr__(self, name):
        if name.startswith("_"):
            raise AttributeError(name)
        return lambda *params: self._call(name, *params)

    def _call(self, method, *params, timeout=None):
        """Calls by the method's name. After `timeout` seconds the host is told that the answer is not wanted: TimeoutError."""
        return self._caller.call(f"Plugin.{method}", *params, timeout=timeout)

    def _close(self):
        """The host disposes of the implementation once it has answered what it was asked."""
        self._caller.finish()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self._close()


class _Pending:
    """A call that waits for its answer."""

    def __init__(self):
        self.answered = threading.Event()
        self.error = self.result = None


class _Caller:
    """Calls the host on one stream of ours, from any number of threads."""

    def __init__(self, stream, budget, cancels):
        self._stream = stream
        self._budget = budget
        self._cancels = cancels
        self._lock = threading.Lock()
        self._pending = {}  # msgid: _Pending
        self._last_id = 0
        self.ended = False
        threading.Thread(target=self._read, daemon=True).start()

    def call(self, method, *params, timeout=None):
        pending = _Pending()
        with self._lock:
            if self.ended:
                raise StreamClosed(f"{method} was not sent: its stream has ended")
            self._last_id = msgid = (self._last_id + 1) & 0xFFFFFFFF
            self._pending[msgid] = pending
        try:
            self._stream.write(pack_message((REQUEST, msgid, method), params))
        except (StreamClosed, CannotTravel) as unsent:
            with self._lock:
                self._pending.pop(msgid, None)
            if isinstance(unsent, CannotTravel):
                unsent.root = "params"
            raise
        if not pending.answered.wait(timeout):
            if self._cancels:
                self._stream.write(pack_message((NOTIFICATION, "$/cancel"), [msgid]))
            raise TimeoutError(f"{method} was not answered within {timeout} seconds")
        if pending.error is not None:
            raise pending.error
        return pending.result

    def finish(self):
        self._stream.end()

    def _read(self):
        decoder = Decoder(self._stream.read, self._budget)
        try:
            while (message := decoder.message()) is not None:
                self._on_message(message, decoder.fault)
            self._stream.end()
        except StreamClosed:
            pass  # reset, or the session is over
        except MalformedMessage as error:
            print(f"pipework: stream {self._stream.id} is reset: {error}", file=sys.__stderr__, flush=True)
            self._stream.reset()
        finally:
            decoder.close()
            with self._lock:
                self.ended = True
                pending = list(self._pending.values())
                self._pending.clear()
            for each in pending:
                each.error = StreamClosed("the host ended the stream before it answered")
                each.answered.set()

    def _on_message(self, message, fault):
        if len(message) != 4 or message[0] != RESPONSE:
            return  # nothing that was asked for
        _, msgid, error, result = message
        with self._lock:
            pending = self._pending.pop(msgid, None) if isinstance(msgid, int) else None
        if pending is None:
            return  # its caller has given up
        if fault is not None:
            pending.error = ValueError(f"the host's answer has {fault}")
        elif error is not None:
            pending.error = HostError(error)
        pending.result = result
        pending.answered.set()
