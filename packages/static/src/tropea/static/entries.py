"""What a path answers: a file in its codings, or a redirect to the folder's own URL."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from typing import Any, Protocol

from tropea.core.negotiation import choose_coding
from tropea.static.answers import SPECIAL, Answer, headless, respond, short, whole
from tropea.static.fieldrules import Field
from tropea.static.locations import folder_location
from tropea.static.variants import Variant

#: Spellings of Accept-Encoding remembered per file; clients have few, attackers many.
_REMEMBERED = 32
#: Characters of the longest; what clients really send has about thirty.
_LONGEST_REMEMBERED = 100


class Entry(Protocol):
    """What the table has for a path."""

    def answer(self, environ: Mapping[str, Any], method: str) -> Answer:
        """Answer GET or HEAD; raise Stale where the file changed."""


class FileEntry:
    """One file, in each coding that it has.

    variants: by content coding, ``identity`` among them.
    front: the field name and value prefix that hand the bytes over to a front server.
    """

    __slots__ = ("_chosen", "_order", "_plain", "front", "only", "path", "variants")

    def __init__(
        self, path: str, variants: dict[str, Variant], front: tuple[str, str] | None = None
    ) -> None:
        self.path = path
        self.variants = variants
        self.front = front
        self._plain = variants["identity"]
        self.only = self._plain if len(variants) == 1 else None
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
            if variant.data is None and variant is not self._plain:
                self._plain.verify()  # a packed file stands for the plain one as it is now
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
        if data is None and method == "GET" and tag is None and self.front is None:
            if environ.keys().isdisjoint(SPECIAL):
                return whole(variant, environ)
        answer = headless(variant, environ, method)
        if answer is None and self.front is not None:
            answer = self._handed_over(variant)
        if answer is None:
            return respond(variant, environ)
        if data is None:
            variant.verify()
        return answer

    def _choose(self, field: str | None) -> Variant | None:
        coding = choose_coding(field, self._order)
        if coding is None:
            return None
        if len(self._chosen) < _REMEMBERED and len(field or "") <= _LONGEST_REMEMBERED:
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
