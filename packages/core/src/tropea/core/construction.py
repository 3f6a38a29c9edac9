"""How a response is made of its arguments: Pesto's, webob's, and header fields as keywords."""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import lru_cache
from typing import TYPE_CHECKING, Any, ClassVar

from tropea.core.bodies import Blocks
from tropea.core.canned import dump_json
from tropea.core.fields import Fields, get, set_field
from tropea.core.headers import make_field, make_fields, refuse_forbidden
from tropea.core.statuses import is_bodiless, status_line

_CHARSET = re.compile(r';\s*charset="?([^";\s]+)', re.IGNORECASE).search
#: Keyword arguments that have a meaning of their own; every other one is a header field.
_KEYWORDS = frozenset(
    (
        "add_default_content_type", "app_iter", "body", "body_file", "cache_expires", "charset",
        "conditional_response", "content_type", "content_type_params", "environ", "headerlist",
        "json", "json_body", "request", "status_code", "text", "ubody", "unicode_body",
    )
)  # fmt: skip
_JSON = frozenset(("json", "json_body"))


@lru_cache(maxsize=256)
def charset_of(content_type: str) -> str | None:
    """Return the charset that a Content-Type names; None where it names none.

    >>> charset_of("text/plain; charset=latin1"), charset_of("image/png")
    ('latin1', None)
    """
    found = _CHARSET(content_type)
    return found[1] if found else None


@lru_cache(maxsize=256)
def utf8_field(content_type: str) -> tuple[str, str] | None:
    """Return the checked field of a type whose text is UTF-8; None for any other.

    >>> utf8_field("text/plain"), utf8_field("text/plain; charset=latin1")
    (('Content-Type', 'text/plain'), None)
    """
    charset = charset_of(content_type) if isinstance(content_type, str) else None
    if not content_type or (charset or "utf-8").lower() not in {"utf-8", "utf8"}:
        return None
    return make_field("Content-Type", content_type)


class Construction:
    """The general way to make a response; a plain page takes a shorter one."""

    if TYPE_CHECKING:
        default_body_encoding: str
        default_conditional_response: bool
        default_status: ClassVar[str]
        _conditional: bool
        _app_iter: Any
        _default_field: ClassVar[tuple[str, str]]
        _checked: Any
        _headerlist: Any
        _onclose: tuple[Callable[[], object], ...]
        _status: Any
        _textual: Any

    def _build(
        self, content: Any, status: Any, headers: Any, onclose: Any, rest: dict[str, Any]
    ) -> None:
        special = {name: rest.pop(name) for name in [n for n in rest if n in _KEYWORDS]}
        status = special.pop("status_code", status) if status is None else status
        self._status = self.default_status if status is None else status_line(status)
        if onclose is not None:
            self._onclose = (onclose,) if callable(onclose) else tuple(onclose)
        if special.pop("conditional_response", self.default_conditional_response):
            self._conditional = True
        for name in _JSON & special.keys() if special else ():
            content = dump_json(special.pop(name))
            special.setdefault("content_type", "application/json")
        content = special.pop("body", content) if content is None else content
        ready = special.pop("app_iter", None)
        if ready is not None and content is not None:
            raise TypeError("content and app_iter are two names of one thing: give one of them")
        fresh = headers is None and not is_bodiless(self._status)
        fresh = fresh and "headerlist" not in special
        fresh = fresh and not any(name.lower() == "content_length" for name in rest)
        self._headerlist = self._make_head(headers, special, rest, content)
        if ready is not None:
            self._app_iter = ready
        else:
            self._fill(content, fresh=fresh)
        self._checked = self._headerlist[:]
        for name, value in special.items():
            setattr(self, name, value)

    def _make_head(
        self, headers: Any, special: dict[str, Any], rest: dict[str, Any], content: Any
    ) -> Fields:
        """Return the fields in the order given, the Content-Type first where it is added."""
        given = special.pop("headerlist", None)
        kind, charset = special.pop("content_type", None), special.pop("charset", None)
        wanted = special.pop("add_default_content_type", given is None)
        if given is not None:
            fields: Fields = list(given.items() if hasattr(given, "items") else given)
            refuse_forbidden(fields)
        else:
            fields = make_fields(headers)
        if (kind or wanted) and not (fields and get(fields, "Content-Type") is not None):
            default = None
            if kind is None and (content or not is_bodiless(self._status)):
                default = self._default_field
                kind = default[1]
            if default is not None and kind and not charset:
                fields.insert(0, default)
            elif kind:
                if charset and not charset_of(kind):
                    kind = f"{kind}; charset={charset}"
                fields.insert(0, make_field("Content-Type", kind))
        return fields + make_fields(rest) if rest else fields

    def _fill(self, content: Any, *, fresh: bool = False) -> None:
        """Take *content*; Content-Length follows where its length is known.

        fresh: the head is known to have no Content-Length, and to want one.
        """
        if isinstance(content, str):
            content, self._textual = content.encode(self._encoding()), True
        if content is None:
            content = b""
        if isinstance(content, (bytes, bytearray, memoryview)):
            self._app_iter = [bytes(content)]
            if fresh:
                self._headerlist.append(("Content-Length", str(len(content))))
            elif not is_bodiless(self._status):
                set_field(self._headerlist, "Content-Length", str(len(content)))
        elif isinstance(content, Blocks):
            self._app_iter = content
        else:
            iter(content)  # a TypeError here names the line that made the response
            self._app_iter = Blocks(content, self._encoding())

    def _encoding(self) -> str:
        """Name the charset of the Content-Type; UTF-8 where it has none."""
        kind = get(self._headerlist, "Content-Type")
        return (charset_of(kind) if kind else None) or self.default_body_encoding
