"""Spare the client a body it already holds; refuse a change to what it has not seen.

Thin by intent: gather the fields, ask ``tropea.core.preconditions``, carry out the verdict.

Source: RFC 9110 sections 13.2 and 15.4.5.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any, ClassVar, overload
from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

from tropea.caching.autoetag import tag_body
from tropea.caching.reasons import CONDITIONAL_LAYER, of_verdict
from tropea.core.closing import Chained, close
from tropea.core.dates import format_date, parse_date
from tropea.core.entitytags import read_tag
from tropea.core.errors import OptionError
from tropea.core.fields import Fields
from tropea.core.fields import get as find
from tropea.core.keys import TRACE
from tropea.core.layer import Layer, LayerFactory
from tropea.core.options import size
from tropea.core.preconditions import (
    CONDITION_KEYS,
    Conditions,
    Representation,
    Verdict,
    conditions_of,
    evaluate,
)
from tropea.core.probing import note as tell

#: Says what the target's validators are now: a Representation, or None where there is no target.
Validators = Callable[[WSGIEnvironment], Representation | None]

#: Fields that describe a body which a 304 does not have.
_BODY_FIELDS = frozenset(
    ("content-type", "content-length", "content-encoding", "content-language", "content-range",
     "content-md5", "content-digest", "accept-ranges")
)  # fmt: skip
#: Fields of an answer that stay when it becomes a 412.
_KEPT_ON_FAILURE = frozenset(("date", "etag", "set-cookie", "vary", "server"))
Fields4 = tuple[str | None, str | None, str | None, str | None]
#: One strong tag, as nearly every request and answer has it.
_STRONG = re.compile(r'"[\x20\x21\x23-\x7e\x80-\xff]*"').fullmatch
_FAILED_BODY = b"A precondition of the request does not hold.\n"
_FAILED_FIELDS = [
    ("Content-Type", "text/plain; charset=utf-8"),
    ("Content-Length", str(len(_FAILED_BODY))),
    ("Cache-Control", "no-store"),
]


@dataclass(frozen=True)
class ConditionalOptions:
    """How conditional requests are answered.

    auto_etag: give answers without a tag one that is made of their body.
    auto_etag_limit: bytes of the longest body that is hashed.
    validators: says, from the environ, what an unsafe request is about to change; None where
        the application decides by itself (``with_etag``, ``with_last_modified``).
    """

    auto_etag: bool = False
    auto_etag_limit: int = field(
        default=1 << 20, metadata={"read": size, "expects": "a size such as 1M"}
    )
    validators: Validators | None = None

    def __post_init__(self) -> None:
        if self.auto_etag_limit < 0:
            raise OptionError(f"auto_etag_limit: expected 0 or more, got {self.auto_etag_limit}")


class ConditionalMiddleware(Layer):
    """Answer 304 or 412 where the validators of the application's answer say so.

    GET and HEAD: the application is asked, and its answer, when it would have been a success,
    is compared with the request; on a hit the body is closed without being run.  Other methods:
    decided before the application runs, from the validators it declares; untouched where it
    declares none.
    """

    Options: ClassVar[type] = ConditionalOptions
    kind: ClassVar[str] = "conditional"
    inside: ClassVar[tuple[str, ...]] = ("http-cache",)
    outside: ClassVar[tuple[str, ...]] = ("session",)

    options: ConditionalOptions

    def prepare(self) -> None:
        self._limit = self.options.auto_etag_limit if self.options.auto_etag else -1
        self._validators = self.options.validators

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        method = environ["REQUEST_METHOD"]
        if method == "GET" or method == "HEAD":  # noqa: PLR1714  faster than a set
            app = self.call_app
            if self._limit >= 0 and method == "GET":
                app = tag_body(app, self._limit)
            if environ.keys().isdisjoint(CONDITION_KEYS):
                return app(environ, start_response)  # most requests end here
            return _conditionally(app, environ, start_response, method)
        if self._validators is not None:
            conditions = conditions_of(environ)
            if conditions is not None:
                held = self._validators(environ)
                if evaluate(conditions, held, method) is not Verdict.PERFORM:
                    tell(environ, CONDITIONAL_LAYER, _of_declared(conditions, held))
                    return refuse(start_response)
        return self.call_app(environ, start_response)


def _conditionally(
    app: WSGIApplication, environ: WSGIEnvironment, start_response: StartResponse, method: str
) -> Iterable[bytes]:
    """Run *app*, and send what its head deserves."""
    get = environ.get
    conditions = (get("HTTP_IF_MATCH"), get("HTTP_IF_NONE_MATCH"),
                  get("HTTP_IF_MODIFIED_SINCE"), get("HTTP_IF_UNMODIFIED_SINCE"))  # fmt: skip
    verdict: Verdict | None = None  # None until the application starts

    def start(status: str, headers: Fields, exc_info: Any = None, /) -> Callable[[bytes], object]:
        nonlocal verdict
        verdict = Verdict.PERFORM
        if status[:1] == "2":
            verdict = judge(conditions, headers, method)
            if TRACE in environ:
                said = of_verdict(
                    conditions, verdict, find(headers, "ETag"), find(headers, "Last-Modified")
                )
                tell(environ, CONDITIONAL_LAYER, said)
        if verdict is Verdict.PERFORM:
            if exc_info is None:
                return start_response(status, headers)
            return start_response(status, headers, exc_info)
        if verdict is Verdict.NOT_MODIFIED:
            start_response("304 Not Modified", not_modified_fields(headers), exc_info)
        else:
            start_response("412 Precondition Failed", _failed_fields(headers), exc_info)
        return _discard

    body = app(environ, start)
    if verdict is None:
        body = _first_steps(body, lambda: verdict is not None)
    if verdict is Verdict.PERFORM:
        return body
    close(body)
    return [_FAILED_BODY] if verdict is Verdict.FAILED and method != "HEAD" else []


def _of_declared(conditions: Conditions, held: Representation | None) -> str:
    etag, modified = held or Representation()
    date = None if modified is None else format_date(modified)
    return of_verdict(conditions, Verdict.FAILED, str(etag) if etag else None, date)


def refuse(start_response: StartResponse) -> Iterable[bytes]:
    """Answer 412 in the place of an application that was not asked."""
    start_response("412 Precondition Failed", list(_FAILED_FIELDS))
    return [_FAILED_BODY]


def judge(conditions: Fields4, headers: Fields, method: str) -> Verdict:
    """Compare the request's fields, in the order of Conditions, with an answer's validators."""
    etag = modified = None
    for name, value in headers:
        size_of_name = len(name)
        if size_of_name == 4:
            if name == "ETag" or name.lower() == "etag":
                etag = value
        elif size_of_name == 13 and name.lower() == "last-modified":
            modified = value
    match, none_match, _, unmodified = conditions
    if etag is not None and none_match is not None and match is None and unmodified is None:
        # What a browser sends is the one tag that it holds: no list has to be read.
        if _STRONG(none_match):
            if none_match == etag:
                return Verdict.NOT_MODIFIED
            if _STRONG(etag):
                return Verdict.PERFORM
    current = Representation(read_tag(etag), parse_date(modified))
    return evaluate(Conditions(*conditions), current, method)


def not_modified_fields(headers: Fields) -> Fields:
    """Keep what a 304 says; drop what describes a body, and the date where there is a tag.

    Source: RFC 9110 section 15.4.5.
    """
    kept, names = [], []
    for pair in headers:
        name = pair[0].lower()
        if name not in _BODY_FIELDS:
            kept.append(pair)
            names.append(name)
    if "last-modified" in names and "etag" in names:
        return [pair for pair in kept if pair[0].lower() != "last-modified"]
    return kept


def _failed_fields(headers: Fields) -> Fields:
    return [*_FAILED_FIELDS, *(pair for pair in headers if pair[0].lower() in _KEPT_ON_FAILURE)]


def _first_steps(body: Iterable[bytes], started: Callable[[], bool]) -> Iterable[bytes]:
    """Advance a lazy application to the step that starts its response; lose nothing."""
    taken: list[bytes] = []
    try:
        steps = iter(body)
        while not started():
            taken.append(next(steps))
    except StopIteration:
        pass  # never started: the server will say so
    except BaseException:
        close(body)  # the server will never see this body, so it is ours to close
        raise
    return Chained(taken, steps, body)


def _discard(_block: bytes) -> None:
    """Stand in for ``write`` where nothing may be sent."""


@overload
def etag_middleware(app: WSGIApplication, **options: Any) -> ConditionalMiddleware: ...
@overload
def etag_middleware(app: None = None, **options: Any) -> LayerFactory[ConditionalMiddleware]: ...
def etag_middleware(
    app: WSGIApplication | None = None, **options: Any
) -> ConditionalMiddleware | LayerFactory[ConditionalMiddleware]:
    """Wrap *app* so that it answers 304 where the client holds what it would send.

    Without *app*, return a layer for a pipeline.  The application is called for every request,
    because it is what sets the tag; its body is not run on a hit, so a body that begins with
    ``yield b""`` computes nothing.

    options: those of ConditionalMiddleware.

    >>> def app(environ, start_response):
    ...     start_response("200 OK", [("Content-Type", "text/plain"), ("ETag", '"v1"')])
    ...     yield b""
    ...     yield b"dear to compute"
    >>> heads = []
    >>> environ = {"REQUEST_METHOD": "GET", "HTTP_IF_NONE_MATCH": '"v1"'}
    >>> etag_middleware(app)(environ, lambda *head: heads.append(head)), heads[0][:2]
    ([], ('304 Not Modified', [('ETag', '"v1"')]))
    """
    if app is None:
        return ConditionalMiddleware.layer(**options)
    return ConditionalMiddleware(app, **options)
