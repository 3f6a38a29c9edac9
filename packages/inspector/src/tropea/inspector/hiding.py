"""Hide what one request and its answer carry as secrets, wherever it turns up.

Beside what core's Redactor hides: parameters of the query and assignments in SQL whose name gives
a secret away, values of environ keys and fields of such names, and the cookies that the answer
sets.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any
from urllib.parse import parse_qsl, quote, quote_plus

from tropea.core.fields import Fields
from tropea.core.redaction import HIDDEN, Redactor, is_secret_name

# One name and one value of a query or of a condition in SQL; a name is read once, and as a whole.
_ASSIGNMENT = re.compile(
    r"(?<![\w.\-])([\w.\-]++)(\s{0,3}(?:=|%3[Dd])\s{0,3})('[^']{0,500}'|\"[^\"]{0,500}\"|[^\s&;,'\")]{1,500})"
)
_LONGEST = 8192


class Hider(Redactor):
    """Hide the secrets of one request and of its answers.

    >>> hider = Hider({"QUERY_STRING": "page=2&token=tr0pea-1"})
    >>> hider.scrub("GET /?page=2&token=tr0pea-1 said tr0pea-1")
    'GET /?page=2&token=… said …'
    """

    def __init__(
        self, environ: Mapping[str, Any] | None = None, answers: Iterable[Fields] = ()
    ) -> None:
        found = set(_asked(environ or {}))
        for fields in answers:
            found.update(_answered(fields))
        super().__init__(environ, also=found)

    def scrub(self, text: str) -> str:
        """Hide secrets in any text."""
        return _ASSIGNMENT.sub(_without_secret, super().scrub(text))


def _without_secret(match: re.Match[str]) -> str:
    if not is_secret_name(match[1]):
        return match[0]
    return f"{match[1]}{match[2]}{HIDDEN}"


def _asked(environ: Mapping[str, Any]) -> Iterator[str]:
    for key, value in environ.items():
        if isinstance(value, str) and len(value) <= _LONGEST and is_secret_name(key):
            yield value
    query = environ.get("QUERY_STRING", "")
    if isinstance(query, str):
        for name, value in parse_qsl(query[:_LONGEST], max_num_fields=None):
            if is_secret_name(name):
                yield from (value, quote(value), quote_plus(value))


def _answered(fields: Fields) -> Iterator[str]:
    for name, value in fields:
        if not (isinstance(name, str) and isinstance(value, str)):  # a broken application's
            continue
        if name.lower() == "set-cookie":
            cookie = value[:_LONGEST].partition(";")[0].partition("=")[2].strip(' "')
            yield from (cookie, cookie.partition(".")[0])
        elif is_secret_name(name) and len(value) <= _LONGEST:
            yield value
