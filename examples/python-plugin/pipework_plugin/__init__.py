"""A pipework plugin in Python, with the standard library alone. See docs/other-languages.md."""

from .messagepack import Extension
from .plugin import serve
from .rpc import current_call, sleep
from .services import HostError

__all__ = ["Extension", "HostError", "current_call", "serve", "sleep"]
