"""What a path answers: a file in its codings, or a redirect to the folder's own URL."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Protocol

from tropea.core.negotiation import choose_coding
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
from tropea.static.bodies import BLOCK, InMemory, Pieces, multipart, read_piece
from tropea.static.fieldrules import Field
from tropea.static.locations import folder_location
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
#: Spellings of Accept-Encoding remembered per file; clients have few, attackers many.
_REMEMBERED = 32


class Entry(Protocol):
    """What the table has for a path."""

    def answer(self, environ: Mapping[str, Any], method: str) -> Answer:
        """Answer GET or HEAD; raise Stale where the file changed."""


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


class FileEntry:
    """One file, in each coding that it has.

    variants: by content coding, ``identity`` among them.
    front: the field name and value prefix that hand the bytes over to a front server.
    """

    __slots__ = ("_chosen", "_order", "front", "only", "path", "variants")

    def __init__(
        self, path: str, variants: dict[str, Variant], front: tuple[str, str] | None = None
    ) -> None:
        self.path = path
        self.variants = variants
        self.front = front
        self.only = variants["identity"] if len(variants) == 1 else None
        # Of codings that are equally welcome the smallest is sent.
        self._order = () if self.only else sorted(variants, key=lambda c: variants[c].size)
        self._chosen: dict[str | None, Variant] = {}

    def answer(self, environ: Mapping[str, Any], method: str) -> Answer:
        """Answer GET or HEAD; raise Stale where the file changed.

        Source: RFC 9110 sections 13.2.2 and 14.2.
        """
        variant = self.only
        if variant is None:
            coding = environ.get("HTTP_ACCEPT_ENCODING")
            variant = self._chosen.get(coding) or self._choose(coding)
            if variant is None:
                return short("406 Not Acceptable", method, ("Vary", "Accept-Encoding"))
        data = variant.data
        tag = environ.get("HTTP_IF_NONE_MATCH")
        if tag is None:
            if data is not None and environ.keys().isdisjoint(SPECIAL):
                return "200 OK", variant.headers[:], [data] if method == "GET" else []
            held = environ.get("HTTP_IF_MODIFIED_SINCE", "") == variant.last_modified
        else:
            held = tag == variant.etag
        if held and "HTTP_IF_MATCH" not in environ and "HTTP_IF_UNMODIFIED_SINCE" not in environ:
            if data is None:
                variant.verify()
            return "304 Not Modified", variant.not_modified[:], []
        if data is None:
            return self._answer_opened(variant, environ, method)
        answer = headless(variant, environ, method)
        return answer or respond(variant, InMemory(data), environ)

    def _answer_opened(self, variant: Variant, environ: Mapping[str, Any], method: str) -> Answer:
        """Answer from the file as it is now."""
        answer = headless(variant, environ, method)
        if answer is not None or self.front is not None:
            variant.verify()
            return answer or self._handed_over(variant)
        opened = variant.open()
        try:
            answer = respond(variant, opened, environ)
        except BaseException:
            opened.close()
            raise
        if type(answer[2]) is list:  # nothing is left to read
            opened.close()
        return answer

    def _choose(self, field: str | None) -> Variant | None:
        coding = choose_coding(field, self._order)
        if coding is None:
            return None
        if len(self._chosen) < _REMEMBERED:
            self._chosen[field] = self.variants[coding]
        return self.variants[coding]

    def _handed_over(self, variant: Variant) -> Answer:
        """Let the front server send the bytes, and ranges of them."""
        assert self.front is not None
        headers = [field for field in variant.headers if field[0] != "Content-Length"]
        headers.append((self.front[0], front_path(self.front[1], variant)))
        return "200 OK", headers, []


def front_path(prefix: str, variant: Variant) -> str:
    """Spell a file for the front server: below its internal prefix, or as a real path."""
    from urllib.parse import quote

    found, source = variant.content.found, variant.content.source
    if prefix:
        return prefix + quote(found.path)
    return quote(os.path.join(getattr(source, "root", ""), found.place))  # noqa: PTH118


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


def respond(variant: Variant, opened: Opened, environ: Mapping[str, Any]) -> Answer:
    """Answer GET from an open file; the body is a list where everything has been read."""
    field = environ.get("HTTP_RANGE")
    if field is not None and if_range_holds(
        environ.get("HTTP_IF_RANGE"), variant.current.etag, variant.strong_date
    ):
        try:
            ranges = parse_ranges(field, variant.size)
        except Unsatisfiable:
            extent = ("Content-Range", unsatisfied_range(variant.size))
            return bare("416 Range Not Satisfiable", extent, variant.not_modified[0])
        if ranges is not None:
            return partial(variant, opened, ranges)
    return whole(variant, opened, environ)


def whole(variant: Variant, opened: Opened, environ: Mapping[str, Any]) -> Answer:
    """Send the whole file: from memory, by the server's own means, or in blocks."""
    headers, size = variant.headers[:], variant.size
    if variant.data is not None:
        return "200 OK", headers, [variant.data]
    wrapper = environ.get("wsgi.file_wrapper")
    file = opened.whole_file() if wrapper is not None else None
    if wrapper is not None and file is not None:
        return "200 OK", headers, wrapper(file, BLOCK)
    if size <= BLOCK:
        return "200 OK", headers, [read_piece(opened, 0, size)]
    return "200 OK", headers, Pieces(opened, [ByteRange(0, size)], variant.vouch)


def partial(variant: Variant, opened: Opened, ranges: Sequence[ByteRange]) -> Answer:
    """Send one range, or several as a multipart body.

    Several are coalesced first, so that no byte is sent twice.

    Source: RFC 9110 sections 14.6 and 15.3.7.
    """
    if len(ranges) > 1:
        ranges = coalesce(ranges)
    if len(ranges) > 1:
        return _several(variant, opened, ranges)
    start, stop = ranges[0]
    headers = [
        ("Content-Range", content_range(start, stop, variant.size)),
        ("Content-Length", str(stop - start)),
        *[field for field in variant.headers if field[0] != "Content-Length"],
    ]
    if variant.data is not None:
        return "206 Partial Content", headers, [variant.data[start:stop]]
    if stop - start <= BLOCK:
        return "206 Partial Content", headers, [read_piece(opened, start, stop)]
    return "206 Partial Content", headers, Pieces(opened, ranges, variant.vouch)


def _several(variant: Variant, opened: Opened, ranges: Sequence[ByteRange]) -> Answer:
    boundary = os.urandom(16).hex()
    kind = variant.headers[0][1]
    pieces, length = multipart(ranges, variant.size, kind, boundary)
    headers = [
        ("Content-Type", f"multipart/byteranges; boundary={boundary}"),
        ("Content-Length", str(length)),
        *[field for field in variant.headers[1:] if field[0] != "Content-Length"],
    ]
    return "206 Partial Content", headers, Pieces(opened, pieces, variant.vouch)


class FolderRedirect:
    """A folder asked for without its slash."""

    __slots__ = ("cache",)

    def __init__(self, cache: Sequence[Field] = ()) -> None:
        self.cache = tuple(cache)

    def answer(self, environ: Mapping[str, Any], method: str) -> Answer:
        """Redirect to the same path with a slash."""
        path = f"{environ.get('PATH_INFO', '')}/"
        return redirect(environ, method, path, self.cache)


def redirect(
    environ: Mapping[str, Any], method: str, path: str, fields: Sequence[Field] = ()
) -> Answer:
    """Redirect to *path* below the application, for good, on this origin in any case."""
    location = folder_location(environ, path)
    return short("301 Moved Permanently", method, ("Location", location), *fields)
