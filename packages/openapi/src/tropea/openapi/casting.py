"""Turn the text of a parameter into the JSON value that its schema means.

Strictly, as JSON writes them: ``int()`` would take ``1_0`` and other scripts' digits, ``float()``
takes ``nan``.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

_INTEGER = re.compile(r"-?(?:0|[1-9][0-9]{0,999})").fullmatch
_NUMBER = re.compile(
    r"-?(?:0|[1-9][0-9]{0,399})(?:\.[0-9]{1,999})?(?:[eE][+-]?[0-9]{1,4})?"
).fullmatch


@dataclass(frozen=True)
class Shape:
    """What a schema says of the types of a value and of what is in it.

    kinds: JSON types; none where any is good.
    items, properties, additional: shapes of what is inside.
    """

    kinds: frozenset[str] = frozenset()
    items: Shape | None = None
    properties: Mapping[str, Shape] = field(default_factory=dict)
    additional: Shape | None = None

    @property
    def form(self) -> str:
        """How it is written: ``scalar``, ``array`` or ``object``."""
        for kind in ("array", "object"):
            if kind in self.kinds and not self.kinds - {kind, "null"}:
                return kind
        return "scalar"


def _integer(text: str) -> int:
    if not _INTEGER(text):
        raise ValueError("is not an integer")
    return int(text)


def _number(text: str) -> float:
    if _INTEGER(text):
        return int(text)
    if not _NUMBER(text) or not math.isfinite(value := float(text)):
        raise ValueError("is not a number")
    return value


def _boolean(text: str) -> bool:
    if text not in {"true", "false"}:
        raise ValueError("is not true or false")
    return text == "true"


def _null(text: str) -> None:
    if text not in {"", "null"}:
        raise ValueError("is not null")


_READERS: dict[str, Callable[[str], Any]] = {
    "null": _null,
    "boolean": _boolean,
    "integer": _integer,
    "number": _number,
}


def cast(value: Any, shape: Shape, is_valid: Callable[[Any], bool] | None = None) -> Any:
    """Convert text, a list of text, or names with text; raise ValueError where it cannot be.

    is_valid: decides between types where a schema has several.

    >>> cast(["1", "2"], Shape(frozenset({"array"}), items=Shape(frozenset({"integer"}))))
    [1, 2]
    """
    if isinstance(value, list):
        inner = shape.items or Shape()
        return [cast(item, inner) for item in value]
    if isinstance(value, dict):
        other = shape.additional or Shape()
        return {name: cast(item, shape.properties.get(name, other)) for name, item in value.items()}
    if not isinstance(value, str):
        return value
    return _scalar(value, shape.kinds, is_valid)


def _scalar(text: str, kinds: Iterable[str], is_valid: Callable[[Any], bool] | None) -> Any:
    reason = ""
    for kind, read in _READERS.items():
        if kind not in kinds or (kind == "null" and "string" in kinds):
            continue
        try:
            value = read(text)
        except ValueError as error:
            reason = str(error)
            continue
        if "string" not in kinds or (is_valid is not None and is_valid(value)):
            return value
    if reason and "string" not in kinds:
        raise ValueError(reason)
    return text
