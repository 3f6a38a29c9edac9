"""Make header fields of what a program writes: names, dates, tags, directives, lists.

Whatever the way by which a field reaches a response, it is made or checked here.

Source: RFC 9110 section 5, RFC 9111 section 5.2.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from typing import Any

from tropea.core.dates import format_date
from tropea.core.entitytags import EntityTag
from tropea.core.fields import HOP_BY_HOP, FieldError, Fields, check_name, check_value
from tropea.core.foundation import webob
from tropea.core.locations import check_location

#: Fields that a response has once: adding one puts it in the place of the old one.
SINGLE = frozenset(
    (
        "age", "content-encoding", "content-length", "content-location", "content-range",
        "content-type", "date", "etag", "expires", "last-modified", "location", "retry-after",
        "server",
    )
)  # fmt: skip
#: Directives whose argument is a number of seconds.
_SECONDS = frozenset(
    (
        "max-age", "s-maxage", "max-stale", "min-fresh", "stale-while-revalidate", "stale-if-error"
    )
)  # fmt: skip
_TOKEN = re.compile(r"[!#$%&'*+\-.^_`|~0-9A-Za-z]+").fullmatch
# A blank is no etagc, but Pesto's tags had blanks, and clients send them back as they are.
# etagc, and the blank: Pesto's tags may hold one, and every reader takes it.
_ETAGC = re.compile(r"[\x20\x21\x23-\x7e\x80-\xff]*").fullmatch
#: What no field may hold, wherever it came from.
_FORBIDDEN = re.compile(r"[\x00-\x08\x0a-\x1f\x7f\u0100-\U0010ffff]").search
#: Names that need no second look.
_USUAL = frozenset(
    (
        "Cache-Control", "Content-Length", "Content-Type", "Date", "ETag", "Last-Modified",
        "Location", "Set-Cookie", "Vary",
    )
)  # fmt: skip
_ACRONYMS = {"etag": "ETag", "www-authenticate": "WWW-Authenticate", "content-md5": "Content-MD5"}


@lru_cache(maxsize=1024)  # programs write few names, and write them all the time
def field_name(name: str) -> str:
    """Return the header that a keyword argument or a loosely written name means.

    Raises FieldError for what is no token, and for a hop-by-hop field.

    >>> field_name("content_type"), field_name("etag"), field_name("x-powered-by")
    ('Content-Type', 'ETag', 'X-Powered-By')
    """
    name = name.replace("_", "-")
    if name.islower():
        name = _ACRONYMS.get(name) or name.title()
    if name.lower() in HOP_BY_HOP:
        raise FieldError(f"a hop-by-hop field belongs to the server: {name!r}")
    return check_name(name)


def make_field(name: str, value: Any) -> tuple[str, str]:
    r"""Return one checked field; raise FieldError where it must not be sent.

    Dates (those of date fields may be seconds since the epoch), entity tags, numbers and mappings
    of cache directives are written as HTTP has them.

    >>> make_field("etag", "v1"), make_field("x_count", 3)
    (('ETag', '"v1"'), ('X-Count', '3'))
    >>> make_field("X-A", "1\r\nX-B: 2")
    Traceback (most recent call last):
    ...
    tropea.core.fields.FieldError: not a header value: '1\r\nX-B: 2'
    """
    if type(value) is str and len(value) <= _REMEMBERED:
        return _remembered(name, value)
    return _make(name, value)


def _make(name: str, value: Any) -> tuple[str, str]:
    name = field_name(name)
    text = _WRITERS.get(name.lower(), _write)(value)
    if text.isascii() and text.isprintable() and text == text.strip(" "):
        return name, text
    return name, check_value(text.strip(" \t"))


#: Characters of a value that is worth remembering: ``no-cache`` is, a signed token is not.
_REMEMBERED = 48
_remembered = lru_cache(maxsize=1024)(_make)


def make_fields(fields: Mapping[str, Any] | Iterable[tuple[str, Any]] | None) -> Fields:
    """Return checked fields in the order given; the values of a list repeat its field.

    None as a value leaves the field out.

    >>> make_fields({"allow": ["GET", "POST"], "x": None})
    [('Allow', 'GET'), ('Allow', 'POST')]
    """
    if fields is None:
        return []
    if isinstance(fields, (str, bytes)):
        raise TypeError(f"header fields are a mapping or pairs, not {fields!r}")
    pairs = fields.items() if isinstance(fields, dict) or hasattr(fields, "items") else fields
    made: Fields = []
    for name, value in pairs:
        if type(value) is str:
            made.append(make_field(name, value))
        elif isinstance(value, (list, tuple)) and not isinstance(value, EntityTag):
            made += [make_field(name, one) for one in value]
        elif value is not None:
            made.append(make_field(name, value))
    return made


def _write(value: Any) -> str:
    if isinstance(value, str):
        return value
    if isinstance(value, bytes):
        return value.decode("latin-1")
    if isinstance(value, datetime):
        moment = value if value.tzinfo else value.replace(tzinfo=UTC)
        return format_date(moment.timestamp())
    if isinstance(value, date):
        return format_date(datetime(value.year, value.month, value.day, tzinfo=UTC).timestamp())
    if isinstance(value, timedelta):
        return str(int(value.total_seconds()))
    return str(value)


def write_tag(value: Any) -> str:
    """Write an entity tag: ready (``"v1"``, ``W/"v1"``), an EntityTag, or the bare text of one.

    Raises FieldError for a character that no tag can hold.

    >>> write_tag('W/"v1"'), write_tag("v1")
    ('W/"v1"', '"v1"')
    """
    if isinstance(value, EntityTag):
        return str(value)
    weak = False
    if isinstance(value, tuple):  # webob's own: (tag, strong)
        value, weak = value[0], not value[1]
    text = str(value).strip(" \t")
    bare = text[2:] if text[:3] == 'W/"' else text
    if len(bare) >= 2 and bare[0] == bare[-1] == '"':
        weak, text = weak or bare is not text, bare[1:-1]
    if not _ETAGC(text):
        raise FieldError(f"not an entity tag: {value!r}")
    return f'W/"{text}"' if weak else f'"{text}"'


def write_directives(directives: Mapping[str, Any]) -> str:
    """Write a mapping as Cache-Control; True stands for a directive without an argument.

    Raises FieldError for a number of seconds that is none, and for text that cannot be quoted.

    >>> write_directives({"max_age": 60, "public": True, "private": "Set-Cookie, X"})
    'max-age=60, public, private="Set-Cookie, X"'
    """
    written = []
    for name, value in directives.items():
        directive = check_name(name.replace("_", "-"))
        text = str(value)
        if value is None or value is False:
            continue
        if value is True:
            written.append(directive)
        elif directive.lower() in _SECONDS and not (text.isascii() and text.isdigit()):
            raise FieldError(f"{directive} is a number of seconds, not {value!r}")
        elif _TOKEN(text):
            written.append(f"{directive}={text}")
        elif '"' in text or "\\" in text:
            raise FieldError(f"{directive} cannot hold {value!r}")
        else:
            written.append(f'{directive}="{check_value(text)}"')
    return ", ".join(written)


def _write_cache_control(value: Any) -> str:
    return write_directives(value) if isinstance(value, Mapping) else _write(value)


def _write_date(value: Any) -> str:
    is_number = isinstance(value, (int, float)) and not isinstance(value, bool)
    return format_date(value) if is_number else _write(value)


#: Fields that are not just text, by their names in lower case.
_WRITERS: dict[str, Callable[[Any], str]] = {
    "etag": write_tag,
    "location": lambda value: check_location(str(value)),
    "cache-control": _write_cache_control,
    **dict.fromkeys(("date", "expires", "last-modified"), _write_date),
}


def refuse_forbidden(fields: Iterable[tuple[str, str]]) -> None:
    """Raise FieldError where a field would break the head: the last look before it is sent."""
    for name, value in fields:
        if name not in _USUAL:
            check_name(name)
        if type(value) is not str or _FORBIDDEN(value):
            raise FieldError(f"not a header value: {value!r}")


class ResponseHeaders(webob.headers.ResponseHeaders):  # type: ignore[misc]  # webob has no types
    """webob's mapping over a response's fields; what is put in is checked.

    It compares equal to the list of fields, and looks like it.
    """

    def __setitem__(self, key: str, value: Any) -> None:
        name, text = make_field(key, value)
        super().__setitem__(name, text)

    def add(self, key: str, value: Any) -> None:
        """Add a field without touching others of its name."""
        self._items.append(make_field(key, value))

    def setdefault(self, key: str, default: Any = None) -> Any:
        """Return the field's value, set to *default* first where it is absent."""
        if key not in self:
            self[key] = default
        return self[key]

    def extend(self, other: Any = (), **kwargs: Any) -> None:
        """Add every field of *other*."""
        self._items.extend(make_fields(other))
        self._items.extend(make_fields(kwargs))

    def update(self, *others: Any, **kwargs: Any) -> None:
        """Set every field of *others*."""
        for other in (*others, kwargs):
            for name, value in make_fields(other):
                self[name] = value

    def __eq__(self, other: object) -> bool:
        if isinstance(other, list):
            return bool(self._items == other)
        return bool(super().__eq__(other))

    __hash__ = None  # type: ignore[assignment]  # mutable

    def __repr__(self) -> str:
        return repr(self._items)
