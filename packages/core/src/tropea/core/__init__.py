"""Requests, responses and the tools of WSGI that every Tropea layer shares.

Names are imported when they are first asked for (PEP 562): a layer that needs ``Layer`` alone does
not pay for webob.  No module has the name of something public: importing a module sets an attribute
of its package, which would hide the thing behind it.
"""

from __future__ import annotations

from importlib import import_module
from typing import Any

#: Public name -> the module that has it.
_EXPORTS = {
    "Breaker": "stores",
    "Captured": "capturing",
    "ClosingIterator": "closing",
    "EntityTag": "entitytags",
    "FieldError": "fields",
    "Layer": "layer",
    "OptionError": "errors",
    "Stack": "stack",
    "StoreBusy": "stores",
    "StoreError": "stores",
    "TropeaError": "errors",
    "capture": "capturing",
    "pipeline": "stack",
    "session": "provided",
}

__all__ = sorted(_EXPORTS)  # noqa: PLE0605  one table serves both


def __getattr__(name: str) -> Any:
    module = _EXPORTS.get(name)
    if module is None:
        raise AttributeError(f"module 'tropea.core' has no attribute {name!r}")
    value = globals()[name] = getattr(import_module(f"tropea.core.{module}"), name)
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *_EXPORTS})
