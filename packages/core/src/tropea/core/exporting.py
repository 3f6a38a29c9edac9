"""Public names that are imported when they are first asked for.

So that ``import tropea.core`` costs next to nothing, and needs webob only where a name does.

Source: PEP 562.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from importlib import import_module
from typing import Any


def exports(
    namespace: dict[str, Any], table: Mapping[str, str | tuple[str, str]]
) -> tuple[Callable[[str], Any], Callable[[], list[str]]]:
    """Return the ``__getattr__`` and the ``__dir__`` of a package.

    namespace: the package's ``globals()``, where a name stays once it was asked for.
    table: public name -> the module of the package that has it, or that and its name there.

    >>> namespace = {"__name__": "tropea.core"}
    >>> __getattr__, __dir__ = exports(namespace, {"format_date": "dates"})
    >>> __getattr__("format_date")(0)
    'Thu, 01 Jan 1970 00:00:00 GMT'
    >>> sorted(namespace)
    ['__name__', 'format_date']
    """
    package = namespace["__name__"]

    def find(name: str) -> Any:
        place = table.get(name)
        if place is None:
            raise AttributeError(f"module {package!r} has no attribute {name!r}")
        module, spelled = place if isinstance(place, tuple) else (place, name)
        value = namespace[name] = getattr(import_module(f"{package}.{module}"), spelled)
        return value

    def listing() -> list[str]:
        return sorted({*namespace, *table})

    return find, listing
