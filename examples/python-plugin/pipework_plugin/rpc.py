"""Answers MessagePack-RPC calls on one stream.

    request       [0, msgid, method, params]
    response      [1, msgid, error, result]     error is nil if the call succeeded
    notification  [2, method, params]           `$/cancel` with [msgid], if `cancel` was announced

Requests run at the same time, each in a thread of its own, and are answered in the order in which they end.
"""

import inspect
import sys
import threading
import traceback

from .decoder import Decoder
from .description import describe
from .messagepack import CannotTravel, MalformedMessage, pack_message
from .yamux import StreamClosed

REQUEST, RESPONSE, NOTIFICATION = range(3)
CALL_LIMIT = 1024  # calls that may run at the same time; a further one fails
DESCRIBE = "$/describe"  # the host asks what can be called on this stream
SHUTTING_DOWN = "plugin is shutting down"

_local = threading.local()


class Call:
    """One running call. A handler that takes long waits on `cancelled` instead of sleeping."""

    def __init__(self):
        self.cancelled = threading.Event()


def current_call():
    """Returns the call that the current thread runs."""
    return _local.call


class Refusal(RuntimeError):
    """An error of the runtime itself. A host recognises the cause by the code (docs/protocol.md, section 11)."""

    def __init__(self, code, message):
        super().__init__(message)
        self.code = code


class Calls:
    """The running calls of the plugin. Quit waits for these calls, and makes the plugin refuse new ones."""

    def __init__(self):
        self._changed = threading.Condition()
        self._running = set()
        self.quitting = False

    def enter(self, call):
        """Counts `call` as running and returns None, or returns the error with which the call is refused."""
        with self._changed:
            if self.quitting:
                return Refusal("RPC_SHUTTING_DOWN", SHUTTING_DOWN)
            if len(self._running) >= CALL_LIMIT:
                reason = f"plugin is overloaded: {CALL_LIMIT} calls are running; try again later"
                return Refusal("RPC_OVERLOADED", reason)
            self._running.add(call)
            return None

    def leave(self, call):
        with self._changed:
            self._running.discard(call)
            self._changed.notify_all()

    def refuse(self):
        with self._changed:
            self.quitting = True

    def wait_idle(self, timeout):
        with self._changed:
            self._changed.wait_for(lambda: not self._running, timeout)

    def abort(self):
        with self._changed:
            for call in self._running:
                call.cancelled.set()


class Connection:
    """Serves the calls that come in on one stream.

    Only public methods of `service` are offered. In the host's requests, their names begin with `prefix`. `calls`
    counts the running calls of the whole plugin, and `budget` counts the bytes of messages that are still arriving.
    `rich_errors` is true if the host announced `errors`.
    """

    def __init__(self, stream, prefix, service, calls, budget, rich_errors):
        self._stream = stream
        self._prefix = prefix
        self._service = service
        self._calls = calls
        self._budget = budget
        self._rich_errors = rich_errors
        self._changed = threading.Condition()
        self._running = {}  # msgid: Call
        self._answering = 0  # answers that are being sent

    def serve(self):
        """Answers calls until the host ends the stream, and then ends this side of the stream too. Also returns if the
        stream is reset."""
        decoder = Decoder(self._stream.read, self._budget)
        try:
            while (message := decoder.message()) is not None:
                self._on_message(message, decoder.fault)
                # A host that reads no answers gets no credit for further requests, because these would pile up here.
                self._stream.wait_for_credit()
            with self._changed:  # the host sends no more calls, but those that run are still answered
                self._changed.wait_for(lambda: not self._running and not self._answering)
            self._stream.end()
        except StreamClosed:
            pass  # the host no longer wants the answers
        except MalformedMessage as error:
            print(f"pipework: stream {self._stream.id} is reset: {error}", file=sys.__stderr__, flush=True)
            self._stream.reset()
        finally:
            decoder.close()
            with self._changed:
                for call in self._running.values():
                    call.cancelled.set()

    def _on_message(self, message, fault):
        if len(message) == 4 and message[0] == REQUEST and isinstance(message[1], int):
            _, msgid, method, params = message
            call = Call()
            with self._changed:
                if msgid in self._running:
                    raise MalformedMessage(f"a request with the id {msgid}, which is in use")
                self._running[msgid] = call
            # The call is counted here, not in its own thread. So a call that was read before Quit is never refused.
            refusal = self._calls and self._calls.enter(call)
            args = (call, msgid, method, params, fault, refusal)
            threading.Thread(target=self._run, args=args, daemon=True).start()
        elif len(message) == 3 and message[0] == NOTIFICATION:
            _, method, params = message
            if method == "$/cancel" and isinstance(params, list) and params and isinstance(params[0], int):
                with self._changed:
                    call = self._running.get(params[0])
                if call is not None:  # otherwise it was answered before the cancellation arrived
                    call.cancelled.set()
        elif not (len(message) == 4 and message[0] == RESPONSE):
            raise MalformedMessage("a message that is neither request, response nor notification")

    def _run(self, call, msgid, method, params, fault, refusal):
        _local.call = call
        error = result = None
        try:
            if refusal is not None:
                raise refusal
            if fault is not None:
                raise Refusal(fault.code, f"{method} got {fault}")
            if not isinstance(params, list):
                raise TypeError(f"{method} got params that are no array")
            result = self._find(method)(*params)
        except BaseException as thrown:  # also SystemExit, because a handler may end only its own call, not the plugin
            error = self._describe(thrown)
        try:
            try:
                reply = pack_message((RESPONSE, msgid, error), result)
            except CannotTravel as unsent:
                reply = pack_message((RESPONSE, msgid, self._describe(unsent)), None)
            with self._changed:  # before the answer is sent, because the host may use the id again once it has the answer
                self._running.pop(msgid, None)
                self._answering += 1
            self._stream.write(reply)
        except StreamClosed:
            pass  # the host no longer waits for this answer
        finally:
            if self._calls is not None:
                self._calls.leave(call)
            with self._changed:
                self._answering -= 1
                self._changed.notify_all()

    def _find(self, method):
        if method == DESCRIBE:
            return self._describe_methods
        prefix, _, name = str(method).rpartition(".")
        if prefix == self._prefix and self._offers(name):
            return getattr(self._service, name)
        raise Refusal("RPC_UNKNOWN_METHOD", f"can't find method {method}")

    def _offers(self, name):
        """True for a public function of the service's class, or of a base class other than `object`."""
        if name.startswith("_"):
            return False
        return any(inspect.isfunction(vars(cls).get(name)) for cls in type(self._service).__mro__[:-1])

    def _describe_methods(self, *_):
        """Returns a description of each method that `_offers` allows, by the method's name."""
        names = sorted({name for cls in type(self._service).__mro__[:-1] for name in vars(cls) if self._offers(name)})
        return {name: describe(getattr(type(self._service), name)) for name in names}

    def _describe(self, error):
        message = str(error) or type(error).__name__
        if not self._rich_errors:
            return message
        stack = "".join(traceback.format_exception(type(error), error, error.__traceback__))
        if isinstance(error, Refusal):
            return {"name": "PipeworkError", "message": message, "code": error.code, "stack": stack}
        return {"name": type(error).__name__, "message": message, "stack": stack}


def sleep(seconds):
    """Sleeps like time.sleep, but raises InterruptedError as soon as the current call is cancelled."""
    if current_call().cancelled.wait(seconds):
        raise InterruptedError("the call was cancelled")
