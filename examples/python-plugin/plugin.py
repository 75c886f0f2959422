#!/usr/bin/env python3
"""A plugin with two services.

`greeter` is the smallest that does something. `conformance` offers what a test of any plugin, in any language, needs
to call; docs/other-languages.md defines it:

    echo(value)              returns value
    fail(message)            fails with that message
    print({stream, text})    writes text to the synced stream, 'stdout' or 'stderr', and returns nil
    bytes(n)                 returns n bytes; byte number i is (i * 7 + 3) & 255
    sleep(ms)                returns nil after that time, while other calls go on; fails at once when it is cancelled
    run([file, *args])       starts that program and returns what it printed on standard output

It is for tests: `run` starts whatever the host names. Leave it out of a plugin that others use.
"""

import subprocess
import sys

from pipework_plugin import serve, sleep


class Greeter:
    def greet(self, name):
        return f"Hello, {name}!"


class Conformance:
    PATTERN = bytes((i * 7 + 3) & 255 for i in range(256))

    def echo(self, value):
        return value

    def fail(self, message):
        raise RuntimeError(message)

    def print(self, what):
        target = {"stdout": sys.stdout, "stderr": sys.stderr}[what["stream"]]
        print(what["text"], end="", file=target)

    def bytes(self, n):
        return (self.PATTERN * (n // 256 + 1))[:n]

    def sleep(self, ms):
        sleep(ms / 1000)

    def run(self, command):
        return subprocess.run(command, stdout=subprocess.PIPE, check=True).stdout.decode()


if __name__ == "__main__":
    serve({"greeter": lambda broker: Greeter(), "conformance": lambda broker: Conformance()})
