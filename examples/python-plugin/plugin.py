#!/usr/bin/env python3
"""A plugin with three services.

`greeter` is the smallest service that does something. `counter` reads files through its host. `conformance` has the
methods that tests of plugins in any language call. docs/other-languages.md defines these methods:

    echo(value)              returns value
    fail(message)            fails with that message
    print({stream, text})    writes text to the synced stream, 'stdout' or 'stderr', and returns nil
    bytes(n)                 returns n bytes; byte number i is (i * 7 + 3) & 255
    sleep(ms)                returns nil after that time, while other calls run; fails as soon as it is cancelled
    run([file, *args])       starts that program and returns what it printed on standard output
    ask({service, method, argument})    calls the method of that service of the host, and returns what it returned

`conformance` is for tests, because `run` starts any program that the host names. Leave it out of a plugin that others
use.
"""

import subprocess
import sys
from typing import Any, List, Literal, TypedDict

from pipework_plugin import serve, sleep


class Greeter:
    def greet(self, name: str) -> str:
        return f"Hello, {name}!"


class Counter:
    def __init__(self, files):
        self._files = files

    def words(self, path: str) -> int:
        """How many words a file of the host's has."""
        return len(self._files.read(path).split())


class Text(TypedDict):
    stream: Literal["stdout", "stderr"]
    text: str


class Question(TypedDict):
    service: str
    method: str
    argument: Any


class Conformance:
    PATTERN = bytes((i * 7 + 3) & 255 for i in range(256))

    def __init__(self, host):
        self._host = host

    def echo(self, value: Any) -> Any:
        return value

    def fail(self, message: str) -> None:
        raise RuntimeError(message)

    def print(self, what: Text) -> None:
        target = {"stdout": sys.stdout, "stderr": sys.stderr}[what["stream"]]
        print(what["text"], end="", file=target)

    def bytes(self, n: int) -> Any:
        return (self.PATTERN * (n // 256 + 1))[:n]

    def sleep(self, ms: float) -> None:
        sleep(ms / 1000)

    def run(self, command: List[str]) -> str:
        return subprocess.run(command, stdout=subprocess.PIPE, check=True).stdout.decode()

    def ask(self, what: Question) -> Any:
        with self._host.dispense(what["service"]) as service:
            return service._call(what["method"], what["argument"])


if __name__ == "__main__":
    serve(
        {
            "greeter": lambda context: Greeter(),
            "counter": lambda context: Counter(context.host.dispense("files")),
            "conformance": lambda context: Conformance(context.host),
        },
        name="python-plugin",
        version="0.1.0",
    )
