"""A pipework plugin in Python, with the standard library alone. See docs/other-languages.md."""

from .messagepack import Extension
from .plugin import serve
from .rpc import current_call, sleep

__all__ = ["Extension", "current_call", "serve", "sleep"]
