"""Calls the services that the host offers. These calls work like the calls of a host to its plugin.

The plugin opens a stream with broker id 0 and calls `Host.Dispense` on it. The host answers with another broker id. The plugin
opens a stream with that id, and calls the service on it with MessagePack-RPC.
"""

import sys
import threading

from .decoder import Decoder
from .messagepack import CannotTravel, MalformedMessage, pack_message
from .yamux import StreamClosed

ASKING = 0  # the broker id of the stream on which the plugin calls Host.Dispense
REQUEST, RESPONSE, NOTIFICATION = range(3)


class HostError(Exception):
    """The error with which the host answered a call. `name` and `code` are those of the host's error, or None if the
    host sent only a text."""

    def __init__(self, error):
        told = error if isinstance(error, dict) else {"message": error}
        super().__init__(str(told.get("message")))
        self.name = told.get("name")
        self.code = told.get("code")


class Host:
    """Gives a plugin access to its host's services: `context.host.dispense("files")`.

    A plugin can use a Host in a factory, in a call, and at any other time.
    """

    def __init__(self, broker, budget, capabilities):
        self._broker = broker
        self._budget = budget
        self._capabilities = capabilities
        self._lock = threading.Lock()
        self._asking = None  # the stream with broker id 0; None until the first dispense

    def dispense(self, name):
        """Asks the host for a new implementation of its service `name`, and returns an object with the service's methods.

        Raises LookupError if the host offers no services at all. Raises HostError with `unknown service: NAME` if the
        host offers other services, but not `name`.
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
    """A service of the host. `files.read("a.txt")` calls its method `read`. `with` or `_close` releases the service.

    A call raises HostError if it fails in the host, and StreamClosed if the stream ends first. Use `_call` to give a time-out.
    """

    def __init__(self, caller):
        self._caller = caller

    def __getattr__(self, name):
        if name.startswith("_"):
            raise AttributeError(name)
        return lambda *params: self._call(name, *params)

    def _call(self, method, *params, timeout=None):
        """Calls a method by its name.

        If the host does not answer within `timeout` seconds, raises TimeoutError. If the host announced `cancel`, also
        tells the host to cancel the call.
        """
        return self._caller.call(f"Plugin.{method}", *params, timeout=timeout)

    def _close(self):
        """Releases the service. The host answers the running calls, and then disposes of the implementation."""
        self._caller.finish()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self._close()


class _Pending:
    """A call that the host has not answered yet."""

    def __init__(self):
        self.answered = threading.Event()
        self.error = self.result = None


class _Caller:
    """Calls the host on one stream that the plugin opened. Any number of threads may call at the same time."""

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
            pass  # the host reset the stream, or the session has ended
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
            return  # not a response: ignore it
        _, msgid, error, result = message
        with self._lock:
            pending = self._pending.pop(msgid, None) if isinstance(msgid, int) else None
        if pending is None:
            return  # the call timed out, so its answer is not wanted
        if fault is not None:
            pending.error = ValueError(f"the host's answer has {fault}")
        elif error is not None:
            pending.error = HostError(error)
        pending.result = result
        pending.answered.set()
