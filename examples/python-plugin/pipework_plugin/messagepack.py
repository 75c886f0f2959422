"""Packs values as MessagePack (https://github.com/msgpack/msgpack/blob/master/spec.md), as far as the protocol's base
needs it.

    MessagePack            Python
    nil, true, false       None, True, False
    integers               int, from -2**63 to 2**64 - 1; larger integers cannot be sent
    float 32, float 64     float (always written as float 64)
    str                    str (bytes that are not UTF-8 survive a round trip as surrogate escapes)
    bin                    bytes (bytearray and memoryview may be sent too)
    array                  list (tuples may be sent too)
    map                    dict
    timestamp extension    datetime with a time zone; Extension if Python has no such year
    other extensions       Extension
"""

import struct
from dataclasses import dataclass
from datetime import datetime, timezone

MESSAGE_LIMIT = 128 * 1024 * 1024  # bytes of one RPC message
NESTING_LIMIT = 128  # levels of arrays and maps inside one value

EPOCH = datetime(1970, 1, 1, tzinfo=timezone.utc)
TIMESTAMP = -1


@dataclass(frozen=True)
class Extension:
    """An extension value that is not converted to another Python type. If it is sent back, its bytes are unchanged."""

    code: int
    data: bytes


class MalformedMessage(Exception):
    """The bytes are no message, or the message exceeds a limit. The bytes after such a message cannot be trusted, so
    the stream must be reset."""


class CannotTravel(TypeError):
    """A value that cannot be sent in a message. `path` has the keys that lead to the value, the outermost first."""

    root = "result"  # the part of the message that holds the value

    def __init__(self, reason):
        super().__init__(reason)
        self.reason = reason
        self.path = []

    def __str__(self):
        return f"{self.root}{''.join(f'[{key!r}]' for key in self.path)}: {self.reason}"


def pack_message(head, value):
    """Returns an RPC message: the items of `head`, then `value`. The message itself does not count as a level of
    nesting."""
    out = bytearray([0x90 | (len(head) + 1)])
    for item in head:
        _pack(out, item, 0)
    _pack(out, value, 0)
    if len(out) > MESSAGE_LIMIT:
        raise CannotTravel(f"a message of {len(out)} bytes, and the limit is {MESSAGE_LIMIT}; send it in parts")
    return out


def _pack(out, value, depth):
    if value is None:
        out.append(0xC0)
    elif value is False:
        out.append(0xC2)
    elif value is True:
        out.append(0xC3)
    elif isinstance(value, int):
        _pack_int(out, value)
    elif isinstance(value, float):
        out += struct.pack(">Bd", 0xCB, value)
    elif isinstance(value, str):
        try:
            data = value.encode("utf-8", "surrogateescape")
        except UnicodeEncodeError as error:
            raise CannotTravel(f"a string that is not Unicode text ({error.reason})") from None
        _pack_size(out, len(data), 0xA0, 31, (0xD9, 0xDA, 0xDB))
        out += data
    elif isinstance(value, (bytes, bytearray, memoryview)):
        data = value.cast("B") if isinstance(value, memoryview) else value
        _pack_size(out, len(data), None, -1, (0xC4, 0xC5, 0xC6))
        out += data
    elif isinstance(value, datetime):
        _pack_extension(out, TIMESTAMP, _timestamp_bytes(value))
    elif isinstance(value, Extension):
        _pack_extension(out, value.code, value.data)
    elif isinstance(value, (list, tuple)):
        _check_depth(depth)
        _pack_size(out, len(value), 0x90, 15, (None, 0xDC, 0xDD))
        for index, item in enumerate(value):
            _pack_at(out, item, depth, index)
    elif isinstance(value, dict):
        _check_depth(depth)
        _pack_size(out, len(value), 0x80, 15, (None, 0xDE, 0xDF))
        for key, item in value.items():
            _pack_at(out, key, depth, key)
            _pack_at(out, item, depth, key)
    else:
        raise CannotTravel(f"a {type(value).__name__} cannot travel; use dict, list, str, bytes, int, float, bool or None")


def _pack_at(out, value, depth, key):
    try:
        _pack(out, value, depth + 1)
    except CannotTravel as error:
        error.path.insert(0, key)
        raise


def _check_depth(depth):
    if depth >= NESTING_LIMIT:
        raise CannotTravel(f"nested deeper than {NESTING_LIMIT} levels (or a value that contains itself)")


def _pack_int(out, value):
    if 0 <= value < 0x80:
        out.append(value)
    elif -0x20 <= value < 0:
        out.append(value & 0xFF)
    else:
        for code, form, low, high in _INTEGERS:
            if low <= value <= high:
                out += struct.pack(form, code, value)
                return
        raise CannotTravel(f"{value} is wider than 64 bits; send it as a string")


_INTEGERS = (
    (0xCC, ">BB", 0, 2**8 - 1),
    (0xCD, ">BH", 0, 2**16 - 1),
    (0xCE, ">BI", 0, 2**32 - 1),
    (0xCF, ">BQ", 0, 2**64 - 1),
    (0xD0, ">Bb", -(2**7), -1),
    (0xD1, ">Bh", -(2**15), -1),
    (0xD2, ">Bi", -(2**31), -1),
    (0xD3, ">Bq", -(2**63), -1),
)


def _pack_size(out, size, short, short_limit, codes):
    """Writes the head of a str, bin, array, map or extension. The head is one byte if the size is small. Otherwise a
    length of 1, 2 or 4 bytes follows the first byte."""
    if size <= short_limit:
        out.append(short | size)
    elif size < 2**8 and codes[0] is not None:
        out += struct.pack(">BB", codes[0], size)
    elif size < 2**16:
        out += struct.pack(">BH", codes[1], size)
    elif size < 2**32:
        out += struct.pack(">BI", codes[2], size)
    else:
        raise CannotTravel(f"{size} items or bytes, and a length has 32 bits")


def _pack_extension(out, code, data):
    fixed = {1: 0xD4, 2: 0xD5, 4: 0xD6, 8: 0xD7, 16: 0xD8}.get(len(data))
    if fixed is not None:
        out.append(fixed)
    else:
        _pack_size(out, len(data), None, -1, (0xC7, 0xC8, 0xC9))
    out += struct.pack(">b", code)
    out += data


def _timestamp_bytes(value):
    if value.tzinfo is None:
        value = value.astimezone()  # Python takes a time without a zone for local time
    since = value - EPOCH
    seconds, nanoseconds = since.days * 86400 + since.seconds, since.microseconds * 1000
    if nanoseconds == 0 and 0 <= seconds < 2**32:
        return struct.pack(">I", seconds)
    if 0 <= seconds < 2**34:
        return struct.pack(">Q", nanoseconds << 34 | seconds)
    return struct.pack(">Iq", nanoseconds, seconds)
