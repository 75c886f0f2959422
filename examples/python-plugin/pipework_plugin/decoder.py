"""Reads messages from bytes that arrive in any portions, within the protocol's limits. messagepack.py lists the Python
types of the values."""

import struct
import threading
from datetime import timedelta
from typing import NamedTuple

from .messagepack import EPOCH, MESSAGE_LIMIT, NESTING_LIMIT, TIMESTAMP, Extension, MalformedMessage

VALUE_LIMIT = 1024 * 1024  # values of one message, as its arrays and maps declare them
UNFINISHED_LIMIT = 256 * 1024 * 1024  # bytes of all messages that are arriving, over all streams


class Budget:
    """Limits the total bytes of all messages that are arriving.

    Beyond the limit, only one message is read until it is whole, and all other messages wait. The host gets no credit
    for bytes that are not read.
    """

    def __init__(self, limit=UNFINISHED_LIMIT):
        self._changed = threading.Condition()
        self._left = limit
        self._favoured = None

    def wait(self, owner):
        """Returns when `owner` may read more."""
        with self._changed:
            self._changed.wait_for(lambda: self._left > 0 or self._favoured in (None, owner))
            if self._left <= 0:
                self._favoured = owner

    def take(self, size):
        with self._changed:
            self._left -= size

    def give_back(self, owner, size):
        with self._changed:
            self._left += size
            if self._favoured is owner:
                self._favoured = None
            self._changed.notify_all()


class Fault(NamedTuple):
    """The reason why this plugin does not accept a value, and the code of the error for the host."""

    reason: str
    code: str = "RPC_INVALID_VALUE"

    def __str__(self):
        return self.reason


class Decoder:
    """Reads messages one after another from `read`, which blocks and returns bytes, or b'' at the end.

    Values are built while their bytes arrive. Nothing is decoded twice, and a length alone never allocates memory. Some
    values are well-formed but not accepted here: nested too deeply, or with a map as a key. Such a value is read to its
    end and reported as `fault`, so that only its call fails.
    """

    def __init__(self, read, budget):
        self._read = read
        self._budget = budget
        self._held = 0  # bytes taken out of the budget
        self._chunk = b""
        self._at = 0
        self._left = 0  # bytes that the current message may still have
        self._values = 0  # values that the current message may still declare
        self.fault = None

    def message(self):
        """Returns the next message as a list, or None at the end. Raises MalformedMessage."""
        self.close()
        if self._at == len(self._chunk) and not self._more():
            return None
        self._left = MESSAGE_LIMIT
        self._values = VALUE_LIMIT
        self.fault = None
        head = self._take(1)[0]
        if head & 0xF0 != 0x90:
            raise MalformedMessage(f"every RPC message is a short array, and this one begins with byte 0x{head:02x}")
        # The message's own array and its params do not count as levels of a value.
        return [self._value(-1) for _ in range(head & 0x0F)]

    def close(self):
        """Gives the bytes of the last message, finished or not, back to the budget."""
        self._budget.give_back(self, self._held)
        self._held = 0

    def _more(self):
        if self._held > 0:
            self._budget.wait(self)
        self._chunk, self._at = self._read(), 0
        self._budget.take(len(self._chunk))
        self._held += len(self._chunk)
        return len(self._chunk) > 0

    def _take(self, size):
        if size > self._left:
            raise MalformedMessage(f"an RPC message of more than {MESSAGE_LIMIT} bytes")
        self._left -= size
        start, end = self._at, self._at + size
        if end <= len(self._chunk):
            self._at = end
            return self._chunk[start:end]
        parts = bytearray(self._chunk[start:])
        while len(parts) < size:
            if not self._more():
                raise MalformedMessage("the stream ended in the middle of an RPC message")
            self._at = min(len(self._chunk), size - len(parts))
            parts += self._chunk[: self._at]
        return bytes(parts)

    def _number(self, form):
        return struct.unpack(form, self._take(struct.calcsize(form)))[0]

    def _value(self, depth):
        head = self._take(1)[0]
        if head < 0x80:
            return head
        if head >= 0xE0:
            return head - 0x100
        if head < 0x90:
            return self._map(head & 0x0F, depth)
        if head < 0xA0:
            return self._array(head & 0x0F, depth)
        if head < 0xC0:
            return self._text(head & 0x1F)
        if head in _CONSTANTS:
            return _CONSTANTS[head]
        if head in _NUMBERS:
            return self._number(_NUMBERS[head])
        if head in _SIZED:
            kind, form = _SIZED[head]
            size = self._number(form)
            if kind == "array":
                return self._array(size, depth)
            if kind == "map":
                return self._map(size, depth)
            return self._text(size) if kind == "str" else self._take(size) if kind == "bin" else self._extension(size)
        if head in _FIXED_EXTENSIONS:
            return self._extension(_FIXED_EXTENSIONS[head])
        raise MalformedMessage(f"byte 0x{head:02x} begins no MessagePack value")

    def _text(self, size):
        return self._take(size).decode("utf-8", "surrogateescape")

    def _array(self, count, depth):
        if depth >= NESTING_LIMIT or self._too_many(count):
            return self._pass_over(count)
        return [self._value(depth + 1) for _ in range(count)]

    def _map(self, count, depth):
        if depth >= NESTING_LIMIT or self._too_many(2 * count):
            return self._pass_over(2 * count)
        result = {}
        for _ in range(count):
            key = self._key(self._value(depth + 1))
            result[key] = self._value(depth + 1)
        return result

    def _key(self, key):
        if isinstance(key, list):
            return tuple(self._key(item) for item in key)
        if isinstance(key, dict):
            self.fault = Fault("a map as the key of a map, which Python cannot hold")
            return None
        return key

    def _too_many(self, count):
        """Counts the values that an array or a map declares. Returns True if the message has too many."""
        self._values -= count
        if self._values < 0:
            self.fault = Fault(f"a message of more than {VALUE_LIMIT} values")
        return self._values < 0

    def _pass_over(self, count):
        """Reads the rest of a value that is nested too deeply or has too many values. Counts values instead of
        recursing."""
        self.fault = self.fault or Fault(f"a value nested deeper than {NESTING_LIMIT} levels", "RPC_TOO_DEEP")
        while count > 0:
            count -= 1
            head = self._take(1)[0]
            if 0x80 <= head < 0x90:
                count += 2 * (head & 0x0F)
            elif 0x90 <= head < 0xA0:
                count += head & 0x0F
            elif head in _SIZED and _SIZED[head][0] in ("array", "map"):
                kind, form = _SIZED[head]
                count += self._number(form) * (2 if kind == "map" else 1)
            else:  # not a container, so put the head back and read the value in the ordinary way
                self._at -= 1
                self._left += 1
                self._value(0)
        return None

    def _extension(self, size):
        code = self._number(">b")
        data = self._take(size)
        if code == TIMESTAMP:
            if size == 4:
                nanoseconds, seconds = 0, struct.unpack(">I", data)[0]
            elif size == 8:
                both = struct.unpack(">Q", data)[0]
                nanoseconds, seconds = both >> 34, both & (2**34 - 1)
            elif size == 12:
                nanoseconds, seconds = struct.unpack(">Iq", data)
            else:
                raise MalformedMessage(f"a timestamp of {size} bytes; there are 4, 8 and 12")
            try:
                if nanoseconds % 1000 == 0:
                    return EPOCH + timedelta(seconds=seconds, microseconds=nanoseconds // 1000)
            except OverflowError:
                pass  # beyond the year 9999, so the extension is kept as it came
        return Extension(code, data)


_CONSTANTS = {0xC0: None, 0xC2: False, 0xC3: True}
_NUMBERS = {
    0xCA: ">f", 0xCB: ">d",
    0xCC: ">B", 0xCD: ">H", 0xCE: ">I", 0xCF: ">Q",
    0xD0: ">b", 0xD1: ">h", 0xD2: ">i", 0xD3: ">q",
}  # fmt: skip
_SIZED = {
    0xC4: ("bin", ">B"), 0xC5: ("bin", ">H"), 0xC6: ("bin", ">I"),
    0xC7: ("ext", ">B"), 0xC8: ("ext", ">H"), 0xC9: ("ext", ">I"),
    0xD9: ("str", ">B"), 0xDA: ("str", ">H"), 0xDB: ("str", ">I"),
    0xDC: ("array", ">H"), 0xDD: ("array", ">I"),
    0xDE: ("map", ">H"), 0xDF: ("map", ">I"),
}  # fmt: skip
_FIXED_EXTENSIONS = {0xD4: 1, 0xD5: 2, 0xD6: 4, 0xD7: 8, 0xD8: 16}
