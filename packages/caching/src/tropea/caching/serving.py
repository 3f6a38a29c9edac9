"""Answer a request from a stored response: whole, in part, or with a 304.

Source: RFC 9111 sections 4 and 4.3.2; RFC 9110 sections 14 and 15.4.5.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any, NamedTuple

from tropea.caching.conditional import not_modified_fields
from tropea.caching.entries import Entry
from tropea.core.dates import parse_date
from tropea.core.entitytags import EntityTag, read_tag
from tropea.core.fields import Fields, drop, get, set_field
from tropea.core.preconditions import Conditions, Representation, Verdict, evaluate
from tropea.core.ranges import (
    ByteRange,
    Unsatisfiable,
    coalesce,
    content_range,
    if_range_holds,
    parse_ranges,
    unsatisfied_range,
)

#: Opens bytes start to stop of a body; None where it is gone.
Opener = Callable[[int, int], Iterable[bytes] | None]


class Answer(NamedTuple):
    """What is sent."""

    status: str
    fields: Fields
    body: Iterable[bytes]


def answer_from(entry: Entry, environ: Mapping[str, Any], opener: Opener) -> Answer | None:
    """Make the answer to a GET or HEAD; None where the body is gone or the part does not do."""
    fields = list(entry.fields)
    if 200 <= entry.code < 300 and is_held(entry, environ):
        return Answer("304 Not Modified", not_modified_fields(fields), [])
    is_get = environ["REQUEST_METHOD"] == "GET"
    wanted: ByteRange | None = None
    if is_get and entry.code in {200, 206} and "HTTP_RANGE" in environ:
        try:
            wanted = wanted_range(entry, environ)
        except Unsatisfiable as problem:
            return _unsatisfiable(fields, problem.size)
    if entry.part is not None:
        return _from_part(entry, wanted, fields, opener)
    if wanted is not None:
        return _partial(fields, wanted, entry.size, opener(wanted.start, wanted.stop))
    body: Iterable[bytes] | None = opener(0, entry.size) if is_get else []
    return None if body is None else Answer(entry.status, fields, body)


def is_held(entry: Entry, environ: Mapping[str, Any]) -> bool:
    """Tell whether the client holds what is stored; without Last-Modified the Date counts."""
    none_match, since = environ.get("HTTP_IF_NONE_MATCH"), environ.get("HTTP_IF_MODIFIED_SINCE")
    if none_match is None and since is None:
        return False
    modified = parse_date(get(entry.fields, "Last-Modified"))
    current = Representation(
        read_tag(get(entry.fields, "ETag")), entry.date if modified is None else modified
    )
    return evaluate(Conditions(None, none_match, since), current, "GET") is Verdict.NOT_MODIFIED


def wanted_range(entry: Entry, environ: Mapping[str, Any]) -> ByteRange | None:
    """Return the one range that is asked for; None where the whole is to be sent.

    Several ranges that lie apart get the whole, which RFC 9110 section 14.2 allows.
    Raises Unsatisfiable.
    """
    total = entry.part[2] if entry.part else entry.size
    etag, modified = strong_validators(entry.fields)
    if total is None or not if_range_holds(environ.get("HTTP_IF_RANGE"), etag, modified):
        return None
    ranges = parse_ranges(environ["HTTP_RANGE"], total)
    merged = coalesce(ranges) if ranges else ()
    return merged[0] if len(merged) == 1 else None


def strong_validators(fields: Fields) -> tuple[EntityTag | None, int | None]:
    """Return the tag and the date, the date only where it vouches for every byte.

    Source: RFC 9110 section 8.8.2.2.
    """
    modified, date = parse_date(get(fields, "Last-Modified")), parse_date(get(fields, "Date"))
    strong = modified is not None and date is not None and date > modified
    return read_tag(get(fields, "ETag")), modified if strong else None


def _from_part(
    entry: Entry, wanted: ByteRange | None, fields: Fields, opener: Opener
) -> Answer | None:
    assert entry.part is not None
    start, stop, total = entry.part
    if wanted is None or total is None or not start <= wanted.start < wanted.stop <= stop:
        return None
    return _partial(fields, wanted, total, opener(wanted.start - start, wanted.stop - start))


def _partial(
    fields: Fields, wanted: ByteRange, total: int, body: Iterable[bytes] | None
) -> Answer | None:
    if body is None:
        return None
    set_field(fields, "Content-Range", content_range(wanted.start, wanted.stop, total))
    set_field(fields, "Content-Length", str(wanted.stop - wanted.start))
    return Answer("206 Partial Content", fields, body)


def _unsatisfiable(fields: Fields, size: int) -> Answer:
    drop(fields, "Content-Encoding", "Content-Length", "Content-Type", "Content-Language")
    set_field(fields, "Content-Range", unsatisfied_range(size))
    fields += [("Content-Length", "0"), ("Content-Type", "text/plain")]
    return Answer("416 Range Not Satisfiable", fields, [])
