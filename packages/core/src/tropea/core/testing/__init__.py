"""Tools for tests: a client for WSGI applications, and the contract that every layer keeps.

``TestApp`` talks to an application; ``LayerContract`` is a base class for a layer's tests (ours or
anybody's); ``strategies`` makes hostile environs and fields with hypothesis.  Nothing here needs
pytest or hypothesis until the contract is run or the strategies are imported.
"""

from __future__ import annotations

from importlib import import_module
from typing import Any

_EXPORTS = {
    "CookieJar": "cookiejar",
    "LayerContract": "contract",
    "Answer": "probes",
    "Probe": "probes",
    "Server": "probes",
    "TestApp": "client",
    "TestResponse": "client",
    "assert_linear": "linear",
    "call": "probes",
    "make_environ": "environs",
}

__all__ = [  # noqa: PLE0604  names are made from one table
    *_EXPORTS,
    "strategies",
]


def __getattr__(name: str) -> Any:
    if name == "strategies":
        return import_module("tropea.core.testing.strategies")
    module = _EXPORTS.get(name)
    if module is None:
        raise AttributeError(f"module 'tropea.core.testing' has no attribute {name!r}")
    value = globals()[name] = getattr(import_module(f"tropea.core.testing.{module}"), name)
    return value
