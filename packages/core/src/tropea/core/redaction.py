"""Show values to a developer without showing secrets.

What a name gives away is hidden by name; what the request itself carries as a secret (cookies,
credentials) is hidden wherever it turns up, in whatever text.

>>> redactor = Redactor({"HTTP_COOKIE": "sid=0123456789abcdef"})
>>> redactor.show({"user": "ann", "password": "hunter2"})
"{'user': 'ann', 'password': …}"
>>> redactor.scrub("cookie was sid=0123456789abcdef")
'cookie was sid=…'
"""

from __future__ import annotations

import json
import re
from base64 import b64decode
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import fields, is_dataclass
from functools import lru_cache
from typing import Any
from urllib.parse import quote, quote_plus, unquote, unquote_plus

#: What stands for a hidden value.
HIDDEN = "…"
#: Names that give a secret away, wherever they stand in a longer name.
SECRET_NAME = re.compile(
    r"pass(?:w|phrase)|secret|token|credential|authori[sz]ation|cookie|session|csrf|xsrf|"
    r"api_?-?key|private_?-?key|signature|nonce|otp|pwd|^auth$|(?:^|[_-])key$|^sid$",
    re.IGNORECASE,
)
#: Fields whose whole value is a secret.
_SECRET_FIELDS = ("HTTP_COOKIE", "HTTP_AUTHORIZATION", "HTTP_PROXY_AUTHORIZATION")
# What reads as a credential without any name: schemes, keys in addresses, JSON web tokens.
_SECRET_TEXT = re.compile(
    r"(?i:\b(?:bearer|basic|digest)\s+)\S{4,}(?:[^\r\n]{0,4096})?|"
    r"(?<=://)[^\s/@:]{1,256}:[^\s/@]{1,256}(?=@)|"
    r"\beyJ[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]*"
)
_SHORTEST = 6  #: a shorter secret would hide half of the page with it
_PLAIN = re.compile(r"[A-Za-z0-9_.~\-]*")  #: written the same everywhere
_USUAL = 60  #: characters of a name that is worth remembering
_DEPTH, _ITEMS, _TEXT = 4, 40, 2000


def is_secret_name(name: object) -> bool:
    """Tell whether a key, option, variable or field of this name is hidden.

    >>> [is_secret_name(name) for name in ("db_password", "X-Api-Key", "monkey", "max_age")]
    [True, True, False, False]
    """
    if not isinstance(name, str):
        return False
    return _gives_away(name) if len(name) <= _USUAL else SECRET_NAME.search(name) is not None


@lru_cache(maxsize=2048)  # environ keys and fields are the same at every request
def _gives_away(name: str) -> bool:
    return SECRET_NAME.search(name) is not None


class Redactor:
    """Hide the secrets of one request; without a request, hide by name and by pattern only.

    also: further texts to hide wherever they turn up, such as cookies that the answer sets.
    """

    def __init__(self, environ: Mapping[str, Any] | None = None, also: Iterable[str] = ()) -> None:
        found = {form for text in (*also, *_secrets_of(environ or {})) for form in _forms(text)}
        secrets = sorted((t for t in found if len(t) >= _SHORTEST), key=len, reverse=True)
        self._secrets = re.compile("|".join(map(re.escape, secrets))) if secrets else None

    def scrub(self, text: str) -> str:
        """Hide the request's secrets, and what reads as a credential, in any text."""
        if self._secrets is not None:
            text = self._secrets.sub(HIDDEN, text)
        return _SECRET_TEXT.sub(HIDDEN, text)

    def show(self, value: object, name: object = "", limit: int = _TEXT) -> str:
        """Write *value* as ``repr`` would, secrets hidden, in *limit* characters or fewer.

        Never raises: an object whose ``repr`` fails is named by its type.
        """
        text = HIDDEN if is_secret_name(name) else self.scrub(_show(value, _DEPTH))
        return text if len(text) <= limit else f"{text[:limit]}{HIDDEN} ({len(text)} characters)"

    def items(self, mapping: Mapping[Any, Any]) -> list[tuple[str, str]]:
        """Show a mapping as sorted pairs of text."""
        return sorted((str(key), self.show(value, key)) for key, value in mapping.items())


def _secrets_of(environ: Mapping[str, Any]) -> Iterator[str]:
    for key in _SECRET_FIELDS:
        field = environ.get(key)
        if isinstance(field, str) and field:
            yield from (part for part in _parts(key, field) if len(part) >= _SHORTEST)


def _forms(text: str) -> Iterable[str]:
    """Write a secret as it may turn up elsewhere: decoded, quoted, escaped by repr or JSON."""
    if _PLAIN.fullmatch(text):
        return (text,)
    texts = {text, unquote(text), unquote_plus(text)}
    texts |= {other for one in texts for other in _recoded(one)}
    return {form for one in texts for form in _escaped(one)}


def _recoded(text: str) -> Iterator[str]:
    """Read as UTF-8 what the environ has as Latin-1, and the other way round."""
    for source, target in (("latin-1", "utf-8"), ("utf-8", "latin-1")):
        try:
            yield text.encode(source).decode(target)
        except UnicodeError:
            continue


def _escaped(text: str) -> Iterator[str]:
    yield from (text, repr(f'"{text}')[2:-1], repr(f"'{text}")[2:-1])
    yield from (json.dumps(text)[1:-1], json.dumps(text, ensure_ascii=False)[1:-1])
    octets = text.encode("utf-8", "surrogatepass")
    yield from (quote(octets), quote(octets, safe=""), quote_plus(octets))
    yield from (repr(b'"' + octets)[3:-1], repr(b"'" + octets)[3:-1])


def _parts(key: str, field: str) -> Iterable[str]:
    """Take a secret field apart: each part may turn up alone."""
    if key == "HTTP_COOKIE":
        values = [pair.partition("=")[2].strip(' \t"') for pair in field[:8192].split(";")]
        return [*values, *(v.partition(".")[0] for v in values)]
    scheme, _, credentials = field[:8192].partition(" ")
    parts = [credentials.strip()]
    if scheme.lower() == "basic":
        try:
            parts.append(b64decode(credentials).decode("utf-8", "replace").partition(":")[2])
        except ValueError:
            pass
    return parts


def _show(value: object, depth: int) -> str:
    try:
        return _show_known(value, depth)
    except Exception as error:  # a development page must show the rest
        return f"<{type(value).__qualname__}: its repr raised {type(error).__name__}>"


def _show_known(value: object, depth: int) -> str:
    if isinstance(value, (str, bytes)):
        return repr(value[:_TEXT]) + (HIDDEN if len(value) > _TEXT else "")
    if depth == 0:
        return HIDDEN
    if isinstance(value, Mapping):
        pairs = _first(value.items())
        inner = ", ".join(
            f"{_show(key, 1)}: {_show_named(key, held, depth)}" for key, held in pairs
        )
        return f"{{{inner}}}" if type(value) is dict else f"{type(value).__qualname__}({{{inner}}})"
    if isinstance(value, (list, tuple, set, frozenset)):
        inner = ", ".join(_show_member(member, depth) for member in _first(value))
        brackets = {list: "[]", tuple: "()"}.get(type(value), "{}")
        return brackets[:1] + inner + brackets[1:]
    if is_dataclass(value) and not isinstance(value, type):
        members = ((f.name, getattr(value, f.name)) for f in fields(value))
        inner = ", ".join(f"{name}={_show_named(name, held, depth)}" for name, held in members)
        return f"{type(value).__qualname__}({inner})"
    return repr(value)


def _show_named(name: object, value: object, depth: int) -> str:
    return HIDDEN if is_secret_name(name) else _show(value, depth - 1)


def _show_member(member: object, depth: int) -> str:
    """Show a member of a list; a pair reads as name and value, as header fields are kept."""
    if isinstance(member, tuple) and len(member) == 2 and is_secret_name(member[0]):
        return f"({member[0]!r}, {HIDDEN})"
    return _show(member, depth - 1)


def _first(values: Iterable[Any]) -> Iterator[Any]:
    for count, value in enumerate(values):
        if count == _ITEMS:
            return
        yield value
