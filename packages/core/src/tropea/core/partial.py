"""Parts of a representation: Range read for any unit, 206, 416, and multipart/byteranges.

Source: RFC 9110 sections 14, 15.3.7 and 15.5.17.
"""

from __future__ import annotations

import re
import secrets
import time
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from tropea.core.closing import close
from tropea.core.dates import parse_date
from tropea.core.directives import split_list
from tropea.core.entitytags import read_tag
from tropea.core.fields import FieldError, check_name, drop, get, set_field
from tropea.core.preconditions import (
    SAFE_METHODS,
    Representation,
    Verdict,
    conditions_of,
    evaluate,
)
from tropea.core.ranges import (
    MAX_DIGITS,
    MAX_RANGES,
    ByteRange,
    Unsatisfiable,
    coalesce,
    content_range,
    if_range_holds,
    parse_ranges,
    unsatisfied_range,
)
from tropea.core.response import Response
from tropea.core.statuses import status_line

#: Characters of a Range that is read; 64 ranges need fewer.
MAX_FIELD = 4096
#: First and last position, as PoorWSGI writes them: (0, 9), (100, None), (None, 5) for the last 5.
Position = tuple[int | None, int | None]

_UNIT = re.compile(r"[ \t]*([!#$%&'*+\-.^_`|~0-9A-Za-z]+)[ \t]*=").match
_POSITION = re.compile(r"([0-9]*)-([0-9]*)").fullmatch


def parse_range(field: str | None) -> dict[str, list[Position]]:
    """Read a Range field of any unit: the unit, in lower case, and its positions.

    Empty for a field that has to be ignored.

    >>> parse_range("bytes=0-9,-5"), parse_range("chunks=5-2")
    ({'bytes': [(0, 9), (None, 5)]}, {})
    """
    unit = None if field is None else _UNIT(field)
    if field is None or unit is None or len(field) > MAX_FIELD:
        return {}
    found: list[Position] = []
    for member in split_list(field[unit.end() :]):
        match = _POSITION(member)
        if match is None or len(found) >= MAX_RANGES:
            return {}
        first, last = _position(match[1]), _position(match[2])
        if first is None and last is None:
            return {}
        if first is not None and last is not None and last < first:
            return {}
        found.append((first, last))
    return {unit[1].lower(): found} if found else {}


def _position(digits: str) -> int | None:
    """Read a position; one of too many digits lies beyond everything."""
    if len(digits) > MAX_DIGITS:
        return int(10**MAX_DIGITS)
    return int(digits) if digits else None


def make_range(positions: Any, unit: str = "bytes", full: int | None = None) -> str:
    """Write a Content-Range: first and last position of *unit*, of *full*.

    positions: a pair, or a set of two.
    Raises FieldError for positions that lie outside, and for a unit that is no token.

    >>> make_range({100, 199}, "unicodes", 200)
    'unicodes 100-199/200'
    """
    first, last = sorted(positions) if isinstance(positions, (set, frozenset)) else positions
    if not 0 <= first <= last or (full is not None and last >= full):
        raise FieldError(f"not a range of {full} {unit}: {first}-{last}")
    return content_range(first, last + 1, full, check_name(unit))


class PartialResponse(Response):
    """A 206 whose part the application chose itself, in units of its own.

    >>> part = PartialResponse("ab"); part.make_range((0, 1), "letters", 26)
    'letters 0-1/26'
    """

    default_status = "206 Partial Content"

    def make_range(self, positions: Any, unit: str = "bytes", full: int | None = None) -> str:
        """Set the Content-Range of this response, and return it."""
        value = make_range(positions, unit, full)
        set_field(self.headerlist, "Content-Range", value)
        return value


def make_partial(response: Response, positions: Any, unit: str = "bytes") -> Response:
    """Cut *response* down to the bytes at *positions*, in place; return it.

    positions: pairs as ``parse_range`` returns them, or a set of one pair's two members.
    Left alone are other units than bytes, another status than 200, content whose length is not
    known, and no positions at all.  Where no byte is asked for it becomes a 416.  Several ranges
    make multipart/byteranges; those that overlap or nearly touch are joined.

    >>> page = Response(b"0123456789")
    >>> make_partial(page, [(None, 4)]).body, page.headers["Content-Range"]
    (b'6789', 'bytes 6-9/10')
    """
    if isinstance(positions, (set, frozenset)) and not all(isinstance(p, tuple) for p in positions):
        numbers = sorted(p for p in positions if p is not None)
        if not numbers:
            return response
        positions = [(None, numbers[0]) if None in positions else (numbers[0], numbers[-1])]
    length = get(response.headerlist, "Content-Length")
    if unit != "bytes" or response.status_code != 200 or length is None or not positions:
        return response
    spec = ",".join(f"{_digits(first)}-{_digits(last)}" for first, last in positions)
    try:
        ranges = parse_ranges(f"bytes={spec}", int(length))
    except Unsatisfiable as error:
        return _refuse(response, error.size)
    return response if ranges is None else _cut(response, ranges, int(length))


def _digits(position: int | None) -> str:
    return "" if position is None else str(position)


def _refuse(response: Response, size: int) -> Response:
    close(response.app_iter)
    fields = response.headerlist
    drop(fields, "Content-Length", "Content-Type", "Content-Encoding", "ETag", "Last-Modified")
    response.status = 416
    fields.append(("Content-Range", unsatisfied_range(size)))
    fields.append(("Content-Type", "text/plain; charset=UTF-8"))
    response.content = f"{status_line(416)}\n".encode()
    return response


def _cut(response: Response, ranges: tuple[ByteRange, ...], size: int) -> Response:
    joined = ranges if len(ranges) == 1 else coalesce(ranges)
    fields, body = response.headerlist, response._body()  # noqa: SLF001  one for this call
    response.status = 206
    if len(joined) == 1:
        start, stop = joined[0]
        response.app_iter = Slices(body, [(b"", joined[0])], b"")
        set_field(fields, "Content-Range", content_range(start, stop, size))
        set_field(fields, "Content-Length", str(stop - start))
        return response
    boundary = secrets.token_hex(16)
    kind = get(fields, "Content-Type")
    parts = [(_part_head(boundary, kind, part, size), part) for part in joined]
    end = f"\r\n--{boundary}--\r\n".encode()
    total = sum(len(head) + part.stop - part.start for head, part in parts) + len(end)
    response.app_iter = Slices(body, parts, end)
    set_field(fields, "Content-Type", f"multipart/byteranges; boundary={boundary}")
    set_field(fields, "Content-Length", str(total))
    return response


def _part_head(boundary: str, kind: str | None, part: ByteRange, size: int) -> bytes:
    lines = [f"\r\n--{boundary}"]
    if kind is not None:
        lines.append(f"Content-Type: {kind}")
    lines.append(f"Content-Range: {content_range(part.start, part.stop, size)}")
    return ("\r\n".join(lines) + "\r\n\r\n").encode("latin-1")


class Slices:
    """Ascending slices of a body, each after a head of its own.

    A body with ``read_range(start, stop)`` is asked for each slice; any other is read through
    once, and what lies between the slices is let go.
    """

    __slots__ = ("_body", "_end", "_parts")

    def __init__(
        self, body: Iterable[bytes], parts: list[tuple[bytes, ByteRange]], end: bytes
    ) -> None:
        self._body, self._parts, self._end = body, parts, end

    def __iter__(self) -> Iterator[bytes]:
        read_range = getattr(self._body, "read_range", None)
        walk = None if read_range else _Walk(iter(self._body))
        for head, (start, stop) in self._parts:
            if head:
                yield head
            yield from read_range(start, stop) if read_range else walk.slice(start, stop)  # type: ignore[union-attr]  # one of the two
        if self._end:
            yield self._end

    def again(self) -> Slices:
        """Return the same slices for another call, of a body that can be had again."""
        again = getattr(self._body, "again", None)
        return self if again is None else Slices(again(), self._parts, self._end)

    def close(self) -> None:
        close(self._body)


class _Walk:
    """Read a body forward, once."""

    def __init__(self, blocks: Iterator[bytes]) -> None:
        self._blocks, self._left, self._at = blocks, b"", 0

    def slice(self, start: int, stop: int) -> Iterator[bytes]:
        while self._at < stop:
            if not self._left:
                block = next(self._blocks, None)
                if block is None:
                    return
                self._left = block
                continue
            skipped = max(min(start - self._at, len(self._left)), 0)
            self._left, self._at = self._left[skipped:], self._at + skipped
            if self._at >= start and self._left:
                piece, self._left = self._left[: stop - self._at], self._left[stop - self._at :]
                self._at += len(piece)
                yield piece


def answer_conditions(response: Response, environ: Mapping[str, Any]) -> Response:
    """Return what to send for the request's preconditions and Range: perhaps *response* itself.

    Source: RFC 9110 section 13.2.2.
    """
    method = environ.get("REQUEST_METHOD", "GET")
    if response.status_code != 200 or method not in SAFE_METHODS:
        return response
    etag = read_tag(get(response.headerlist, "ETag"))
    modified = parse_date(get(response.headerlist, "Last-Modified"))
    conditions = conditions_of(environ)
    if conditions is not None:
        verdict = evaluate(conditions, Representation(etag, modified), method)
        if verdict is not Verdict.PERFORM:
            return response.replace(b"", 304 if verdict is Verdict.NOT_MODIFIED else 412)
    if modified is not None and time.time() - modified < 60:
        modified = None  # a date this young may stand for two contents (section 8.8.2.2)
    field = environ.get("HTTP_RANGE")
    if (
        method != "GET"
        or not field
        or not if_range_holds(environ.get("HTTP_IF_RANGE"), etag, modified)
    ):
        return response
    return make_partial(response.copy(), parse_range(field).get("bytes"))


__all__ = [
    "PartialResponse",
    "Slices",
    "answer_conditions",
    "make_partial",
    "make_range",
    "parse_range",
]
