"""Turn the value that identifies a revision into the text of an entity tag.

Numbers and short strings are used as they are, so that a tag can be read by people; everything
else is hashed in a canonical form: equal values give equal tags in every process, whatever the
order of a set or of the keys of a dict.
"""

from __future__ import annotations

import dataclasses
import datetime as dt
import enum
import numbers
import re
import uuid
from collections.abc import Iterator, Mapping
from collections.abc import Set as AbstractSet
from decimal import Decimal
from fractions import Fraction
from hashlib import blake2b
from pathlib import PurePath
from typing import Any

from tropea.caching.errors import FingerprintError

#: Characters of a string that is used as it is.
SHORT = 16
#: Characters of a number that is used as it is.
LONGEST_NUMBER = 64
#: Bytes of a hash: enough that no two revisions ever meet.
HASH_BYTES = 16
#: Values inside values; deeper ones are taken for a loop.
MAX_DEPTH = 50

_AS_IT_IS = re.compile(r"[\x20\x21\x23-\x7e\x80-\xff]*").fullmatch
_SELF_DESCRIBING = (
    bool, int, float, complex, Decimal, dt.datetime, dt.date, dt.time,
    dt.timedelta, uuid.UUID, PurePath, type(None), type(Ellipsis),
)  # fmt: skip


def fingerprint(value: Any) -> str:
    """Return the text that stands for *value* in an entity tag.

    Raises FingerprintError for an object that shows nothing of its value.

    >>> fingerprint(7), fingerprint("r1089")
    ('7', 'r1089')
    >>> fingerprint({"a": 1, "b": 2}) == fingerprint({"b": 2, "a": 1})
    True
    """
    if isinstance(value, str):
        if len(value) <= SHORT and _AS_IT_IS(value):
            return str.__str__(value)  # a subclass may show another text than it holds
    elif isinstance(value, numbers.Number) and not _is_huge(value):
        text = str(value)
        if len(text) <= LONGEST_NUMBER and _AS_IT_IS(text):
            return text
    digest = blake2b(digest_size=HASH_BYTES)
    for piece in _canonical(value, 0):
        digest.update(piece)
    return digest.hexdigest()


def _is_huge(value: Any) -> bool:
    """Tell whether a number has more digits than Python is willing to write."""
    if isinstance(value, int):
        return value.bit_length() > 4 * LONGEST_NUMBER
    return isinstance(value, Fraction) and (
        _is_huge(value.numerator) or _is_huge(value.denominator)
    )


def _canonical(value: Any, depth: int) -> Iterator[bytes]:
    """Write *value* so that different values never give the same bytes: type, length, content."""
    if depth > MAX_DEPTH:
        raise FingerprintError("an entity tag cannot be made of a value that contains itself")
    if isinstance(value, (str, bytes, bytearray, memoryview)):
        data = value.encode("utf-8", "surrogatepass") if isinstance(value, str) else bytes(value)
        yield b"%s:%d:" % (b"s" if isinstance(value, str) else b"b", len(data))
        yield data
    elif isinstance(value, enum.Enum):
        yield from _named(type(value), value.name, depth)
    elif isinstance(value, int) and _is_huge(value):
        yield from _named(type(value), hex(value), depth)
    elif isinstance(value, Fraction):
        yield from _named(type(value), (value.numerator, value.denominator), depth)
    elif isinstance(value, _SELF_DESCRIBING):
        yield from _named(type(value), repr(value), depth)
    elif isinstance(value, Mapping):
        pairs = [_flat(pair, depth) for pair in value.items()]
        yield from _members(b"m", sorted(pairs))
    elif isinstance(value, AbstractSet):
        yield from _members(b"e", sorted(_flat(member, depth) for member in value))
    elif isinstance(value, (list, tuple)):
        kind = b"l" if isinstance(value, list) else b"t"
        yield from _members(kind, [_flat(member, depth) for member in value])
    else:
        yield from _named(type(value), _state(value), depth)


def _flat(value: Any, depth: int) -> bytes:
    return b"".join(_canonical(value, depth + 1))


def _members(kind: bytes, members: list[bytes]) -> Iterator[bytes]:
    yield b"%s:%d:" % (kind, len(members))
    for member in members:
        yield b"%d:" % len(member)
        yield member


def _named(kind: type, content: Any, depth: int) -> Iterator[bytes]:
    name = f"{kind.__module__}.{kind.__qualname__}"
    yield from _members(b"o", [_flat(name, depth), _flat(content, depth)])


def _state(value: Any) -> Any:
    """Return what an object consists of."""
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {field.name: getattr(value, field.name) for field in dataclasses.fields(value)}
    if not callable(value) and (state := getattr(value, "__dict__", None)):
        return state
    raise FingerprintError(
        f"an entity tag cannot be made of {type(value).__qualname__!r}: return a number, a string, "
        "or a structure of plain values"
    )
