"""Decorate handlers, ``request -> Response``, with validators and cache directives.

The decorators work on functions and on methods: what computes a validator gets every argument
that the handler gets, ``self`` included.

Source: RFC 9110 sections 8.8 and 13; RFC 9111 section 5.2.
"""

from __future__ import annotations

import datetime as dt
import math
import time
from collections.abc import Callable, Iterable, Mapping
from functools import wraps
from itertools import chain
from typing import Any, cast
from wsgiref.types import StartResponse, WSGIEnvironment

from tropea.caching.cachecontrol import write_directives
from tropea.caching.errors import CachingError
from tropea.caching.etags import make_etag
from tropea.caching.fingerprints import fingerprint
from tropea.caching.reasons import CONDITIONAL_LAYER, of_verdict
from tropea.core.dates import format_date, parse_date
from tropea.core.entitytags import read_tag
from tropea.core.errors import OptionError
from tropea.core.fields import Fields, set_field
from tropea.core.preconditions import (
    SAFE_METHODS,
    Conditions,
    Representation,
    Verdict,
    conditions_of,
    evaluate,
)
from tropea.core.probing import note as tell

Handler = Callable[..., Any]
#: The three fields of Pesto's documentation.  ``no-store`` is no directive of Pragma, and the
#: date is merely past: they are kept as they were, since Cache-Control alone says it all.
NO_CACHE = (
    ("Pragma", "no-store"),
    ("Cache-Control", "no-cache, no-store, must-revalidate"),
    ("Expires", "Mon, 26 Jul 1997 05:00:00 GMT"),
)


class _Validated:
    """What a handler's validators are made of; decorators on one handler share it."""

    def __init__(self, handler: Handler) -> None:
        earlier: _Validated | None = getattr(handler, "_tropea_validated", None)
        if earlier is not None and earlier.result is not handler:
            earlier = None  # functools.wraps carried it to another decorator's function
        self.result: Handler | None = None
        self.handler: Handler = earlier.handler if earlier else handler
        self.etag: Handler | None = earlier.etag if earlier else None
        self.modified: Handler | None = earlier.modified if earlier else None

    def fields(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> list[tuple[str, str]]:
        """Compute the validators of what the handler is about to show or to change."""
        found = []
        if self.etag is not None:
            found.append(("ETag", self.etag(*args, **kwargs)))
        if self.modified is not None:
            seconds = self.modified(*args, **kwargs)
            if seconds is not None:
                # What is said to be modified later than it is sent counts as modified now
                # (RFC 9110 section 8.8.2.1).
                moment = min(_seconds(seconds), time.time())
                found.append(("Last-Modified", format_date(moment)))
        return found

    def decorated(self) -> Handler:
        """Return the handler with its validators, computed before it runs.

        Before, because a validator older than the content costs a transfer, and one that is
        newer would keep the old content alive.
        """
        handler, fields = self.handler, self.fields
        if not callable(handler):
            raise OptionError(f"expected a handler to decorate, got {handler!r}")

        @wraps(handler)
        def validated(*args: Any, **kwargs: Any) -> Any:
            environ = _environ_of(args, kwargs)
            if environ is None or environ["REQUEST_METHOD"] in SAFE_METHODS:
                validators = fields(args, kwargs)
                return with_fields(handler(*args, **kwargs), validators, only=_is_success)
            conditions = conditions_of(environ)
            if conditions is not None:
                validators = fields(args, kwargs)
                if not _holds(environ, conditions, validators):
                    _tell(environ, conditions, validators)
                    return _precondition_failed()
            return handler(*args, **kwargs)

        self.result = validated
        vars(validated)["_tropea_validated"] = self
        return validated


def with_etag(*etag_funcs: Any, weak: bool = False) -> Callable[[Handler], Handler]:
    """Decorate a handler so that its successful answers carry an entity tag.

    etag_funcs: called with every argument of the handler; what they return identifies the
        revision: numbers and short strings are used as they are, anything else is hashed
        (``tropea.caching.fingerprints``).  A last argument that is a bool is taken for *weak*.

    GET and HEAD get the field, which ``etag_middleware`` compares with the request's; a page that
    says 404 or worse gets none, or a client could go on showing it when all is well.  For other
    methods ``If-Match`` and ``If-None-Match`` are decided here, before the handler runs: 412
    where they do not hold.
    Raises OptionError where nothing computes a tag.

    >>> from tropea.core import Request, Response
    >>> @with_etag(lambda request: "whoa nelly!", False)
    ... def view(request):
    ...     return Response(["This response should have an etag"])
    >>> view(Request.blank("/")).headers["ETag"]
    '"whoa nelly!"'
    """
    if etag_funcs and isinstance(etag_funcs[-1], bool):
        *funcs, weak = etag_funcs
        etag_funcs = tuple(funcs)
    if not etag_funcs or not all(map(callable, etag_funcs)):
        raise OptionError("with_etag: expected functions that return what identifies a revision")

    def etag(*args: Any, **kwargs: Any) -> str:
        values = tuple(function(*args, **kwargs) for function in etag_funcs)
        return make_etag(fingerprint(values[0] if len(values) == 1 else values), weak)

    def decorate(handler: Handler) -> Handler:
        validated = _Validated(handler)
        validated.etag = etag
        return validated.decorated()

    return decorate


def with_last_modified(modified: Handler) -> Callable[[Handler], Handler]:
    """Decorate a handler so that its answers say when their content last changed.

    modified: called with every argument of the handler; returns seconds since the epoch, a
        datetime (UTC where it has no zone), or None where nobody knows.

    As with ``with_etag``, GET and HEAD get the field, and ``If-Unmodified-Since`` of other
    methods is decided before the handler runs.

    >>> from tropea.core import Request, Response
    >>> @with_last_modified(lambda request: 784111777)
    ... def view(request):
    ...     return Response("x")
    >>> view(Request.blank("/")).headers["Last-Modified"]
    'Sun, 06 Nov 1994 08:49:37 GMT'
    """
    if not callable(modified):
        raise OptionError("with_last_modified: expected a function that returns a time")

    def decorate(handler: Handler) -> Handler:
        validated = _Validated(handler)
        validated.modified = modified
        return validated.decorated()

    return decorate


def no_cache(handler: Handler) -> Handler:
    """Decorate a handler so that nothing stores its answers.

    >>> from tropea.core import Request, Response
    >>> @no_cache
    ... def view(request):
    ...     return Response(["cache me if you can!"])
    >>> view(Request.blank("/")).headers["Cache-Control"]
    'no-cache, no-store, must-revalidate'
    """

    @wraps(handler)
    def uncached(*args: Any, **kwargs: Any) -> Any:
        return with_fields(handler(*args, **kwargs), NO_CACHE)

    return uncached


def cache_control(**directives: Any) -> Callable[[Handler], Handler]:
    """Decorate a handler so that its answers carry these directives.

    directives: ``max_age=60`` (seconds, or a timedelta), ``public=True``,
        ``private="Set-Cookie"``; those of RFC 9111 section 5.2.2, RFC 5861 and RFC 8246.
    Raises OptionError for an unknown directive, an argument it cannot have, or a contradiction.

    >>> from tropea.core import Request, Response
    >>> @cache_control(public=True, max_age=60)
    ... def view(request):
    ...     return Response("x")
    >>> view(Request.blank("/")).headers["Cache-Control"]
    'public, max-age=60'
    """
    if not directives:
        raise OptionError("cache_control: expected a directive, such as max_age=60")
    value = write_directives(directives)
    field = [("Cache-Control", value)] if value else []

    def decorate(handler: Handler) -> Handler:
        @wraps(handler)
        def controlled(*args: Any, **kwargs: Any) -> Any:
            return with_fields(handler(*args, **kwargs), field)

        return controlled

    return decorate


def _is_success(status: str) -> bool:
    return status[:1] == "2"


def with_fields(
    answer: Any,
    fields: Iterable[tuple[str, str]],
    only: Callable[[str], bool] | None = None,
) -> Any:
    """Return what a handler answered, each of *fields* with this value alone.

    only: tells by the status line whether an answer gets them; all do when None.
    Raises TypeError for what no handler may return.
    """
    from tropea.core.coercion import as_application  # webob is loaded by who uses it
    from tropea.core.response import Response

    app = as_application(answer)
    if isinstance(app, Response):
        return app.replace(headers=fields) if only is None or only(app.status) else app

    def with_more(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        def start(status: str, headers: Fields, exc_info: Any = None, /) -> Any:
            if only is None or only(status):
                headers = list(headers)
                for name, value in fields:
                    set_field(headers, name, value)
            return start_response(status, headers, exc_info)

        return app(environ, start)

    return with_more


def _environ_of(args: tuple[Any, ...], kwargs: dict[str, Any]) -> Mapping[str, Any] | None:
    """Find the environ of the request: a first argument, after ``self`` maybe, or one by name."""
    for argument in chain(args[:2], kwargs.values()):
        environ = getattr(argument, "environ", None)
        if isinstance(environ, Mapping) and "REQUEST_METHOD" in environ:
            return environ
    return None


def _holds(
    environ: Mapping[str, Any], conditions: Conditions, fields: list[tuple[str, str]]
) -> bool:
    """Tell whether the conditions of an unsafe request hold for what is there now."""
    validators = dict(fields)
    current = Representation(
        read_tag(validators.get("ETag")), parse_date(validators.get("Last-Modified"))
    )
    method = environ["REQUEST_METHOD"]
    return evaluate(conditions, current, method) is Verdict.PERFORM


def _tell(
    environ: Mapping[str, Any], conditions: Conditions, fields: list[tuple[str, str]]
) -> None:
    """Say which condition failed, to whoever listens."""
    now = dict(fields)
    said = of_verdict(conditions, Verdict.FAILED, now.get("ETag"), now.get("Last-Modified"))
    tell(cast("WSGIEnvironment", environ), CONDITIONAL_LAYER, said)


def _precondition_failed() -> Any:
    from tropea.core.response import Response

    return Response(
        "A precondition of the request does not hold.\n",
        412,
        content_type="text/plain; charset=utf-8",
        cache_control="no-store",
    )


def _seconds(value: Any) -> float:
    if isinstance(value, dt.datetime):
        zoned = value if value.tzinfo else value.replace(tzinfo=dt.UTC)
        return zoned.timestamp()
    if isinstance(value, dt.date):
        midnight = dt.datetime(value.year, value.month, value.day, tzinfo=dt.UTC)
        return midnight.timestamp()
    try:
        seconds = math.nan if isinstance(value, str) else float(value)
    except (TypeError, ValueError, OverflowError):
        seconds = math.nan
    if math.isnan(seconds):
        raise CachingError(
            f"with_last_modified: expected seconds, a datetime, a date or None, got {value!r}"
        )
    return seconds
