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
from typing import Any
from urllib.parse import quote, quote_plus, unquote, unquote_plus

from tropea.core.secret_names import HIDDEN, hide_named, is_secret_name
from tropea.core.showing import BEYOND, TEXT, Writer

__all__ = ["HIDDEN", "SECRET_FIELDS", "Redactor", "hide_named", "is_secret_name"]

#: Fields whose whole value is a secret.
SECRET_FIELDS = ("HTTP_COOKIE", "HTTP_AUTHORIZATION", "HTTP_PROXY_AUTHORIZATION")
# What reads as a credential without any name: schemes, keys in addresses, JSON web tokens.
_SECRET_TEXT = re.compile(
    r"(?i:\b(?:bearer|basic|digest)\s+)\S{4,}(?:[^\r\n]{0,4096})?|"
    r"(?<=://)[^\s/@:]{1,256}:[^\s/@]{1,256}(?=@)|"
    r"(?<![A-Za-z0-9_-])eyJ[A-Za-z0-9_-]{8,4096}+\.[A-Za-z0-9_-]{8,4096}+\.[A-Za-z0-9_-]*"
)
#: Characters of a text that is no value.
SAID = 20_000
_SHORTEST = 6  #: a shorter secret would hide half of the page with it
_PLAIN = re.compile(r"[A-Za-z0-9_.~\-]*")  #: written the same everywhere


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

    def show(self, value: object, name: object = "", limit: int = TEXT) -> str:
        """Write *value* as ``repr`` would, secrets hidden, in about *limit* characters or fewer.

        Never raises: an object whose ``repr`` fails is named by its type.
        """
        if is_secret_name(name):
            return HIDDEN
        text = self.scrub(Writer(self.scrub).write(value))
        return text if len(text) <= limit else f"{text[:limit]}{HIDDEN}"

    def say(self, text: str, limit: int = SAID) -> str:
        """Return text that is no value (a message, a traceback) without secrets, named ones too.

        limit: characters of it.
        """
        shown = hide_named(self.scrub(text[: limit + BEYOND]))
        return shown if len(shown) <= limit else f"{shown[:limit]}{HIDDEN}"

    def items(self, mapping: Mapping[Any, Any]) -> list[tuple[str, str]]:
        """Show a mapping as sorted pairs of text."""
        return sorted((str(key), self.show(value, key)) for key, value in mapping.items())


def _secrets_of(environ: Mapping[str, Any]) -> Iterator[str]:
    for key in SECRET_FIELDS:
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
