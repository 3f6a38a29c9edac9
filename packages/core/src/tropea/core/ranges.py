"""Byte ranges: what part of a representation a request asks for.

Pure policy: a field and a size go in, slices come out.

Source: RFC 9110 section 14.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import NamedTuple

from tropea.core.dates import parse_date
from tropea.core.entitytags import EntityTag, read_tag
from tropea.core.errors import TropeaError

#: More ranges than any player or download manager asks for at once.
MAX_RANGES = 64
#: Digits of a position; 18 are enough for an exabyte and too few to be slow.
MAX_DIGITS = 18
_BEYOND = 10**MAX_DIGITS

_UNIT = re.compile(r"[ \t]*bytes[ \t]*=", re.IGNORECASE).match
_SPEC = re.compile(r"([0-9]*)-([0-9]*)").fullmatch


class ByteRange(NamedTuple):
    """Bytes ``start`` up to, but not including, ``stop``."""

    start: int
    stop: int


class Unsatisfiable(TropeaError, ValueError):
    """No range of the request lies inside the representation: answer 416.

    size: bytes of the representation, for ``Content-Range: bytes */size``.
    """

    def __init__(self, size: int) -> None:
        super().__init__(f"no byte of {size} is asked for")
        self.size = size


def parse_ranges(
    field: str | None, size: int, *, max_ranges: int = MAX_RANGES
) -> tuple[ByteRange, ...] | None:
    """Read a ``Range`` field against a representation of *size* bytes.

    Returns the ranges that hold at least one byte, in the order asked for; None where the
    field has to be ignored: absent, another unit, malformed, or more than *max_ranges* members.
    Raises Unsatisfiable where the field is fine but no byte satisfies it.

    >>> parse_ranges("bytes=0-0,-2", 10)
    (ByteRange(start=0, stop=1), ByteRange(start=8, stop=10))
    >>> parse_ranges("bytes=5-2", 10) is None
    True
    """
    unit = None if field is None else _UNIT(field)
    if field is None or unit is None or field.count(",") > 2 * max_ranges:
        return None
    found: list[ByteRange] = []
    members = 0
    for member in field[unit.end() :].split(","):
        text = member.strip(" \t")
        if not text:
            continue  # an empty list member means nothing (section 5.6.1)
        members += 1
        spec = _read(text)
        if spec is None or members > max_ranges:
            return None
        found.extend(_resolve(spec, size))
    if not members:
        return None
    if not found:
        raise Unsatisfiable(size)
    return tuple(found)


def _read(text: str) -> tuple[int | None, int | None] | None:
    """Read ``first-last``, ``first-`` or ``-suffix``; None for anything else."""
    match = _SPEC(text)
    if match is None:
        return None
    first = _number(match[1]) if match[1] else None
    last = _number(match[2]) if match[2] else None
    if first is None and last is None:
        return None
    if first is not None and last is not None and last < first:
        return None
    return first, last


def _number(digits: str) -> int:
    """Read a position; one of too many digits is beyond every representation, not malformed."""
    return int(digits) if len(digits) <= MAX_DIGITS else _BEYOND


def _resolve(spec: tuple[int | None, int | None], size: int) -> Iterable[ByteRange]:
    first, last = spec
    if first is None:
        start, stop = max(size - (last or 0), 0), size
    else:
        start, stop = first, size if last is None else min(last + 1, size)
    return (ByteRange(start, stop),) if start < stop else ()


def coalesce(ranges: Iterable[ByteRange], gap: int = 80) -> tuple[ByteRange, ...]:
    """Merge ranges that overlap or lie within *gap* bytes of each other.

    gap: bytes; about what one more multipart part would cost (section 15.3.7.2).

    >>> coalesce((ByteRange(0, 10), ByteRange(5, 20), ByteRange(500, 501)))
    (ByteRange(start=0, stop=20), ByteRange(start=500, stop=501))
    """
    merged: list[ByteRange] = []
    for start, stop in sorted(ranges):
        if merged and start <= merged[-1].stop + gap:
            merged[-1] = ByteRange(merged[-1].start, max(merged[-1].stop, stop))
        else:
            merged.append(ByteRange(start, stop))
    return tuple(merged)


def content_range(start: int, stop: int, size: int | None, unit: str = "bytes") -> str:
    """Write a ``Content-Range`` value.

    size: of the whole representation; None where it is not known.

    >>> content_range(0, 10, 100)
    'bytes 0-9/100'
    """
    return f"{unit} {start}-{stop - 1}/{'*' if size is None else size}"


def unsatisfied_range(size: int, unit: str = "bytes") -> str:
    """Write the ``Content-Range`` of a 416 (section 15.5.17)."""
    return f"{unit} */{size}"


def if_range_holds(field: str | None, etag: EntityTag | None, modified: int | None) -> bool:
    """Tell whether ``If-Range`` lets the Range of the same request count.

    A tag must be strong and identical; a date must be exactly *modified*: a caller that
    cannot vouch for its date (section 8.8.2.2) passes None.

    Source: RFC 9110 section 13.1.5.
    """
    if field is None:
        return True
    text = field.strip(" \t")
    if text[:1] == '"':  # a weak tag would be no date either: it never holds
        listed = read_tag(text)
        return listed is not None and etag is not None and listed.is_identical(etag)
    return modified is not None and parse_date(text) == modified
