"""Answers about one variant of a file: whole, in parts, without a body, or not at all.

What is small enough is read at once, and the file is looked at after the reading: bytes whose
file is still in the state of the head are the bytes that the head is about.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from tropea.core.preconditions import Verdict, conditions_of, evaluate
from tropea.core.ranges import (
    ByteRange,
    Unsatisfiable,
    coalesce,
    content_range,
    if_range_holds,
    parse_ranges,
    unsatisfied_range,
)
from tropea.static.bodies import BLOCK, InMemory, Pieces, multipart
from tropea.static.fieldrules import Field
from tropea.static.sources import Opened
from tropea.static.variants import Variant

Answer = tuple[str, list[Field], Iterable[bytes]]

#: The fields that make a GET more than "send it": without them the answer is ready.
SPECIAL = frozenset(
    (
        "HTTP_IF_MATCH", "HTTP_IF_NONE_MATCH", "HTTP_IF_MODIFIED_SINCE",
        "HTTP_IF_UNMODIFIED_SINCE", "HTTP_RANGE",
    )
)  # fmt: skip
#: Bytes that are read at once; more goes out in blocks.
AT_ONCE = 4 * BLOCK


def bare(status: str, *fields: Field) -> Answer:
    """Answer with a head, and a text of no bytes."""
    kind = ("Content-Type", "text/plain; charset=utf-8")
    return status, [kind, ("Content-Length", "0"), *fields], []


def short(status: str, method: str, *fields: Field) -> Answer:
    """Answer with a line of text and nothing about the request in it."""
    body = f"{status[4:]}\n".encode()
    headers = [
        ("Content-Type", "text/plain; charset=utf-8"),
        ("Content-Length", str(len(body))),
        ("X-Content-Type-Options", "nosniff"),
        *fields,
    ]
    return status, headers, [] if method == "HEAD" else [body]


def headless(variant: Variant, environ: Mapping[str, Any], method: str) -> Answer | None:
    """Give the answers without a body of the file: 304, 412 and HEAD; None for a body.

    Range means something for GET only (RFC 9110 section 14.2), so HEAD is done here.
    """
    conditions = conditions_of(environ)
    if conditions is not None:
        verdict = evaluate(conditions, variant.current, method)
        if verdict is Verdict.NOT_MODIFIED:
            return "304 Not Modified", variant.not_modified[:], []
        if verdict is Verdict.FAILED:
            return short("412 Precondition Failed", method, variant.not_modified[0])
    return ("200 OK", variant.headers[:], []) if method == "HEAD" else None


def respond(variant: Variant, environ: Mapping[str, Any]) -> Answer:
    """Answer GET; raise Stale where the file changed."""
    field = environ.get("HTTP_RANGE")
    if field is not None and if_range_holds(
        environ.get("HTTP_IF_RANGE"), variant.current.etag, variant.strong_date
    ):
        try:
            ranges = parse_ranges(field, variant.size)
        except Unsatisfiable:
            variant.verify()
            extent = ("Content-Range", unsatisfied_range(variant.size))
            return bare("416 Range Not Satisfiable", extent, variant.not_modified[0])
        if ranges is not None:
            return partial(variant, ranges)
    return whole(variant, environ)


def whole(variant: Variant, environ: Mapping[str, Any]) -> Answer:
    """Send the whole file: from memory, by the server's own means, or in blocks."""
    headers, size = variant.headers[:], variant.size
    if variant.data is not None:
        return "200 OK", headers, [variant.data]
    wrapper = environ.get("wsgi.file_wrapper")
    if wrapper is None and size <= AT_ONCE:
        return "200 OK", headers, [variant.read(0, size)]

    def body(opened: Opened) -> Iterable[bytes]:
        file = opened.whole_file() if wrapper is not None else None
        if wrapper is not None and file is not None:
            wrapped: Iterable[bytes] = wrapper(file, BLOCK)
            return wrapped
        return Pieces(opened, [ByteRange(0, size)], variant.vouch)

    return "200 OK", headers, _from_opened(variant, body)


def partial(variant: Variant, ranges: Sequence[ByteRange]) -> Answer:
    """Send one range, or several as a multipart body.

    Several are coalesced first, so that no byte is sent twice.

    Source: RFC 9110 sections 14.6 and 15.3.7.
    """
    if len(ranges) > 1:
        ranges = coalesce(ranges)
    if len(ranges) > 1:
        return _several(variant, ranges)
    start, stop = ranges[0]
    headers = [
        ("Content-Range", content_range(start, stop, variant.size)),
        ("Content-Length", str(stop - start)),
        *[field for field in variant.headers if field[0] != "Content-Length"],
    ]
    if variant.data is not None:
        return "206 Partial Content", headers, [variant.data[start:stop]]
    if stop - start <= AT_ONCE:
        return "206 Partial Content", headers, [variant.read(start, stop)]
    return "206 Partial Content", headers, _in_pieces(variant, ranges)


def _several(variant: Variant, ranges: Sequence[ByteRange]) -> Answer:
    boundary = os.urandom(16).hex()
    kind = variant.headers[0][1]
    pieces, length = multipart(ranges, variant.size, kind, boundary)
    headers = [
        ("Content-Type", f"multipart/byteranges; boundary={boundary}"),
        ("Content-Length", str(length)),
        *[field for field in variant.headers[1:] if field[0] != "Content-Length"],
    ]
    return "206 Partial Content", headers, _in_pieces(variant, pieces)


def _in_pieces(variant: Variant, pieces: Sequence[bytes | ByteRange]) -> Iterable[bytes]:
    if variant.data is not None:
        return Pieces(InMemory(variant.data), pieces)
    return _from_opened(variant, lambda opened: Pieces(opened, pieces, variant.vouch))


def _from_opened(variant: Variant, body: Callable[[Opened], Iterable[bytes]]) -> Iterable[bytes]:
    """Open the file and make a body of it, which closes it."""
    opened = variant.open()
    try:
        return body(opened)
    except BaseException:
        opened.close()
        raise
