"""The plugin's side of the protocol from the first line to the last: environment, handshake, the first three streams,
dispensing, quitting, and the host's end."""

import io
import os
import platform
import signal
import sys
import threading
import time
from dataclasses import dataclass

from .broker import Broker
from .decoder import Budget
from .frames import GO_AWAY
from .rpc import SHUTTING_DOWN, Calls, Connection, Refusal
from .services import Host
from .yamux import ProtocolError, Session, StreamClosed

CAPABILITIES = "cancel,errors,describe"
COOKIE_KEY = "OTTO_PLUGIN_MAGIC_COOKIE"
COOKIE_VALUE = "11aab7ff21cb9ff7b0e9975d53f17a8dab571eac9b5ff0191730046698f07b7f"

FAREWELL = 0.5  # seconds that the shutdown hook may run if the host did not send Quit
UNREAD = 0.1  # seconds during which calls that the host sent before Quit can still be read
TERM_PATIENCE = 10  # seconds that a plugin still serves after a first SIGTERM
TERM_IDLE = 0.25  # seconds that running calls have after a second SIGTERM; SIGKILL follows a second later
FLUSH = 2  # seconds that the host has to read the last bytes
DIAL_PATIENCE = 30  # seconds that the host has to dial the id of a dispensed implementation


@dataclass(frozen=True)
class Context:
    """The argument of a factory."""

    broker: Broker  # opens raw byte streams beside the calls
    host: Host  # the services that the host offers


def serve(
    plugins,
    *,
    name=None,
    version=None,
    protocol_versions=(1,),
    on_shutdown=None,
    cookie_key=COOKIE_KEY,
    cookie_value=COOKIE_VALUE,
):
    """The plugin's main function. Serves `plugins`, a dict of factories by name, and ends the process when the host
    quits or is gone.

    A factory is called with a Context at each dispense, and returns an object. The host can then call the object's
    public methods. When the host releases the object, its method `_dispose` is called, if it has one. `on_shutdown`
    runs once, before the process ends. The host's `describe()` returns `name` and `version`.
    """
    environment = _take_environment(cookie_key, cookie_value)
    reading, writing = _take_descriptors(environment["PIPEWORK_FDS"])
    identity = {key: value for key, value in (("name", name), ("version", version)) if value is not None}
    _Plugin(plugins, identity, protocol_versions, on_shutdown, environment, reading, writing).run()


def _take_environment(cookie_key, cookie_value):
    if os.environ.pop(cookie_key, None) != cookie_value:
        sys.exit("This program is a plugin: it is started by its host and does nothing by itself.")
    defaults = {
        "PIPEWORK_FDS": "3,4",
        "PIPEWORK_PROTOCOL_VERSIONS": "1",
        "PIPEWORK_CAPABILITIES": "",
        "PIPEWORK_GRACE_MS": "2000",
        "PIPEWORK_LOG_LEVEL": "info",
        "PIPEWORK_TERMINAL": "",
        "PIPEWORK_COMMAND": "",
    }
    # The variables are removed, so that programs that the plugin starts do not take themselves for plugins.
    return {key: os.environ.pop(key, default) for key, default in defaults.items()}


def _take_descriptors(text):
    try:
        reading, writing = (int(part) for part in text.split(","))
        if (reading, writing) == (0, 1):
            # Standard input and output carry the protocol. They are moved to other descriptors. Code that reads or
            # writes descriptors 0 and 1 directly gets the null device and standard error.
            reading, writing = os.dup(0), os.dup(1)
            null = os.open(os.devnull, os.O_RDONLY)
            os.dup2(null, 0)
            os.close(null)
            os.dup2(2, 1)
        for descriptor in (reading, writing):
            # If a program that the plugin starts held these descriptors, the host would not see the end of the plugin.
            os.set_inheritable(descriptor, False)
            os.set_blocking(descriptor, True)
    except (ValueError, OSError) as error:
        sys.exit(f"PIPEWORK_FDS is {text!r}, which should name two open descriptors, such as 3,4: {error}")
    return reading, writing


class _Terminated(BaseException):
    """Raised in the main thread at a second SIGTERM."""


class _Plugin:
    def __init__(self, plugins, identity, protocol_versions, on_shutdown, environment, reading, writing):
        self._plugins = plugins
        self._identity = identity
        self._versions = sorted(protocol_versions)
        self._on_shutdown = on_shutdown or (lambda: None)
        self._shutdown = None  # the thread that runs the hook
        self._shutdown_lock = threading.Lock()
        self._host_versions = [int(part) for part in environment["PIPEWORK_PROTOCOL_VERSIONS"].split(",") if part]
        capabilities = environment["PIPEWORK_CAPABILITIES"].split(",")
        self._rich_errors = "errors" in capabilities
        self._grace = int(environment["PIPEWORK_GRACE_MS"]) / 1000
        self._address = environment["PIPEWORK_FDS"]
        self._writing = writing
        self.calls = Calls()
        self.budget = Budget()
        self._quit_answered = False
        self._term_timer = None  # from the first SIGTERM on
        self._stdout, self._stderr = _Output(), _Output()
        self._stream_count = 0
        self._streams = set()  # the streams that carry calls to implementations
        self._session = Session(reading, writing, self._on_stream)
        self._broker = Broker(self._session)
        self._context = Context(self._broker, Host(self._broker, self.budget, capabilities))

    def run(self):
        # From here on, the output of Python code goes through the session. Other code writes to descriptors 1 and 2.
        sys.stdout, sys.stderr = self._stdout.as_text(), self._stderr.as_text()
        # A terminal, the program `timeout` and service managers signal both host and plugin. The host decides what a
        # signal means. An empty handler is set instead of SIG_IGN, because programs started from here would inherit SIG_IGN.
        signal.signal(signal.SIGINT, lambda *_: None)
        signal.signal(signal.SIGHUP, lambda *_: None)
        signal.signal(signal.SIGTERM, self._on_sigterm)
        status = 0
        try:
            os.write(self._writing, self._handshake_line())
            self._session.run()
        except _Terminated:
            self.calls.refuse()
            self.calls.wait_idle(TERM_IDLE)
        except BrokenPipeError:
            pass  # the host ended before the line was written
        except ProtocolError as error:
            print(f"pipework: the session ends: {error}", file=sys.__stderr__, flush=True)
            self._session.outbox.put(GO_AWAY, 0, 0, 1)  # 1: for a protocol error
            status = 1
        self._end(status)

    def _handshake_line(self):
        common = set(self._versions) & set(self._host_versions)
        version = max(common) if common else self._versions[-1]  # if there is no common version, the host refuses and names the versions of both
        versions = ",".join(str(each) for each in self._versions)
        return f"1|pipe|{self._address}|msgpack-rpc|{version}|{CAPABILITIES}|{versions}\n".encode("ascii")

    def _on_sigterm(self, *_):
        """After a first SIGTERM, the plugin waits up to TERM_PATIENCE seconds for the host's Quit or end. After a
        second SIGTERM, the plugin does not wait."""
        if self._term_timer is not None:
            signal.signal(signal.SIGTERM, signal.SIG_IGN)  # the plugin is ending, and only SIGKILL can end it sooner
            raise _Terminated
        self._term_timer = threading.Timer(TERM_PATIENCE, os.kill, (os.getpid(), signal.SIGTERM))
        self._term_timer.daemon = True
        self._term_timer.start()

    def _on_stream(self, stream):
        """Handles a new stream of the host. Control, stdout and stderr come first, in this order. Runs in the thread
        that reads frames."""
        self._stream_count += 1
        if self._stream_count == 1:
            target = self._serve_control
        elif self._stream_count == 2:
            return self._stdout.attach(stream)
        elif self._stream_count == 3:
            return self._stderr.attach(stream)
        else:
            target = self._broker.handle
        threading.Thread(target=target, args=(stream,), daemon=True).start()

    def _serve_control(self, stream):
        _Control(self, stream).serve()
        self._session.stop()  # the end of the control stream ends the session

    def dispense(self, name):
        if self.calls.quitting:
            raise Refusal("RPC_SHUTTING_DOWN", SHUTTING_DOWN)
        factory = self._plugins.get(name)
        if factory is None:
            raise LookupError(f"unknown plugin type: {name}")
        service = factory(self._context)
        broker_id = self._broker.next_id()
        threading.Thread(target=self._serve_dispensed, args=(service, broker_id), daemon=True).start()
        return broker_id

    def describe(self):
        return {
            "runtime": f"python {platform.python_version()}",
            "protocolVersions": self._versions,
            "plugins": list(self._plugins),
            **self._identity,
        }

    def _serve_dispensed(self, service, broker_id):
        try:
            stream = self._broker.accept(broker_id, DIAL_PATIENCE)
            self._streams.add(stream)
            Connection(stream, "Plugin", service, self.calls, self.budget, self._rich_errors).serve()
            self._streams.discard(stream)
        except TimeoutError:
            pass  # the host did not dial the id in time
        finally:
            getattr(service, "_dispose", lambda: None)()

    def refuse_calls(self):
        """Refuses new calls after Quit was read. Streams have no common order, so calls that the host sent before Quit
        may be unread. First waits up to UNREAD seconds, until these calls are read."""
        deadline = time.monotonic() + UNREAD
        while time.monotonic() < deadline and not all(stream.is_taken for stream in tuple(self._streams)):
            time.sleep(0.001)
        self.calls.refuse()

    def quit(self):
        """Waits for the running calls and the shutdown hook, together for three quarters of the grace period at
        most."""
        deadline = time.monotonic() + self._grace * 0.75
        self.calls.wait_idle(deadline - time.monotonic())
        self._shut_down(deadline - time.monotonic())
        self._quit_answered = True
        return True

    def _shut_down(self, seconds):
        """Runs the hook, once. Waits up to `seconds` for the end of the hook."""
        with self._shutdown_lock:
            if self._shutdown is None:
                self._shutdown = threading.Thread(target=self._on_shutdown, daemon=True)
                self._shutdown.start()
        self._shutdown.join(max(seconds, 0))

    def _end(self, status):
        """Ends the process after the session has ended. No thread, timer or handler may delay this."""
        if self._term_timer is not None:
            self._term_timer.cancel()
        signal.signal(signal.SIGTERM, signal.SIG_DFL)
        if not self._quit_answered:
            self.calls.abort()
            self._shut_down(FAREWELL)
        # This runs in a thread of its own, because the last writes wait for ever if the host no longer reads.
        last = threading.Thread(target=self._finish, daemon=True)
        last.start()
        last.join(FLUSH)
        for raw in (sys.__stdout__, sys.__stderr__):
            try:
                raw.flush()
            except (AttributeError, OSError):
                pass  # the descriptor is closed, or there never was one
        os._exit(status)

    def _finish(self):
        for output in (self._stdout, self._stderr):
            output.finish()
        self._session.close_streams()
        self._session.outbox.close()


class _Control(Connection):
    """Serves the control stream. The methods on this stream belong to two services, so they are looked up by their
    whole names."""

    def __init__(self, plugin, stream):
        super().__init__(stream, "Control", None, None, plugin.budget, False)
        self._methods = {
            "Control.Ping": lambda *_: True,
            "Control.Quit": lambda *_: plugin.quit(),
            "Control.Describe": lambda *_: plugin.describe(),
            "Dispenser.Dispense": lambda name, *_: plugin.dispense(name),
        }
        self._refuse_calls = plugin.refuse_calls

    def _on_message(self, message, fault):
        if message[2:3] == ["Control.Quit"]:
            self._refuse_calls()  # here, in the reading thread, so that every later request is refused
        super()._on_message(message, fault)

    def _find(self, method):
        try:
            return self._methods[method]
        except KeyError:
            raise Refusal("RPC_UNKNOWN_METHOD", f"can't find method {method}") from None


class _Output(io.RawIOBase):
    """The plugin's standard output or standard error, as a synced stream.

    A write returns when its bytes are queued after everything that was sent before. So these bytes are sent before the
    reply of the handler that prints them. If the host reads slowly, only the thread that prints waits.
    """

    def __init__(self):
        super().__init__()
        self._stream = None
        self._attached = threading.Event()

    def as_text(self):
        return io.TextIOWrapper(self, encoding="utf-8", errors="backslashreplace", write_through=True)

    def attach(self, stream):
        self._stream = stream
        self._attached.set()

    def writable(self):
        return True

    def write(self, data):
        self._attached.wait()
        try:
            self._stream.write(data)
        except StreamClosed:
            pass  # the host is gone, so this output has no reader
        return len(data)

    def finish(self):
        """Drops output that waits for credit, and sends FIN after the output that was sent."""
        if self._stream is not None:
            self._stream.abandon()
            self._stream.end()
