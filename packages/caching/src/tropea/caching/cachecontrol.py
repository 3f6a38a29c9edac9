"""Read and write Cache-Control: its directives, their arguments and their quarrels.

Reading leans to the safe side: of duplicates the most restrictive counts, an argument that is no
number of seconds means "stale", and a restriction is heard even in a member that is malformed.

Source: RFC 9111 sections 1.2.2, 4.2.1 and 5.2; RFC 5861; RFC 8246.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Mapping
from typing import Any

from tropea.core.directives import parse_names, split_list, unquote
from tropea.core.errors import OptionError
from tropea.core.fields import FieldError, check_name
from tropea.core.options import duration
from tropea.core.options import nearest as did_you_mean

Directives = dict[str, str | None]

#: The largest number of seconds that is told from "for ever" (section 1.2.2).
FOREVER = 2**31

_MEMBER = re.compile(r"([!#$%&'*+\-.^_`|~0-9A-Za-z]+)(?:=(.*))?", re.DOTALL).fullmatch
_WORDS = re.compile(r"[!#$%&'*+\-.^_`|~0-9A-Za-z]+").findall
#: Directives that only ever take away: heard wherever they stand.
RESTRICTIONS = frozenset(("no-store", "no-cache", "private", "must-revalidate", "proxy-revalidate"))
_SECONDS = frozenset(
    ("max-age", "s-maxage", "stale-while-revalidate", "stale-if-error", "max-stale", "min-fresh")
)
#: Directives that mean something in a request only.
_OF_REQUESTS = frozenset(("max-stale", "min-fresh"))
_FLAGS = frozenset(
    ("public", "no-store", "must-revalidate", "proxy-revalidate", "must-understand", "immutable",
     "no-transform")
)  # fmt: skip
_FIELD_LISTS = frozenset(("private", "no-cache"))
_CONTRADICTIONS = (("public", "private"), ("no-store", "max-age"), ("no-store", "s-maxage"))


def delta_seconds(text: str | None) -> int:
    """Read a number of seconds; 0, which is stale, for what is none.

    >>> delta_seconds("60"), delta_seconds("99999999999"), delta_seconds("-1"), delta_seconds(None)
    (60, 2147483648, 0, 0)
    """
    if text is None or not (text.isascii() and text.isdigit()):
        return 0
    return min(int(text.lstrip("0")[:11] or "0"), FOREVER)  # eleven digits are more than for ever


def parse_cache_control(field: str | None) -> Directives:
    """Read directives, the safe side first: see the module.

    >>> parse_cache_control('max-age=60, MAX-AGE=5, private="X"')
    {'max-age': '5', 'private': 'X'}
    >>> parse_cache_control("max-age=60;no-store")
    {'no-store': None, 'max-age': '60;no-store'}
    """
    found: Directives = {}
    for member in split_list(field or ""):
        match = _MEMBER(member)
        if match is None:
            _hear(found, member)
            continue
        name, value = match[1].lower(), match[2]
        if value is not None and value[:1] == '"' == value[-1:]:
            value = unquote(value)
        elif value is not None:
            _hear(found, value)
        if name not in found:
            found[name] = value
        elif name in _SECONDS:
            found[name] = str(min(delta_seconds(found[name]), delta_seconds(value)))
        elif name in _FIELD_LISTS and found[name] is not None:
            found[name] = None if value is None else f"{found[name]}, {value}"
    return found


def _hear(found: Directives, text: str) -> None:
    """Take the restrictions that stand in malformed *text*."""
    for word in _WORDS(text):
        if word.lower() in RESTRICTIONS:
            found[word.lower()] = None


def named_fields(argument: str | None) -> frozenset[str] | None:
    """Read the fields that ``private="…"`` or ``no-cache="…"`` names; None for all of them.

    All too where a member is no field name: nobody knows which field was meant.
    """
    if argument is None:
        return None
    names, members = parse_names(argument), {name.lower() for name in split_list(argument)}
    return names if names and names == members and "*" not in names else None


def write_directives(directives: Mapping[str, Any]) -> str:
    """Write the value of a Cache-Control response field from Python's spelling.

    Raises OptionError for an unknown directive, an argument it cannot have, or a contradiction.

    >>> write_directives({"private": ["Set-Cookie"], "max_age": 60, "public": False})
    'private="Set-Cookie", max-age=60'
    """
    known = (_SECONDS | _FLAGS | _FIELD_LISTS) - _OF_REQUESTS
    written: Directives = {}
    for spelled, value in directives.items():
        name = spelled.replace("_", "-").lower()
        if name not in known:
            spellings = [word.replace("-", "_") for word in sorted(known)]
            hint = did_you_mean(spelled, spellings)
            raise OptionError(f"cache_control: has no directive {spelled!r}{hint}")
        if value is False or value is None:
            continue
        written[name] = _argument(name, value)
    for one, other in _CONTRADICTIONS:
        if one in written and other in written and written[one] is None:
            raise OptionError(f"cache_control: {one!r} contradicts {other!r}")
    return ", ".join(n if v is None else f"{n}={v}" for n, v in written.items())


def _argument(name: str, value: Any) -> str | None:
    if name in _SECONDS and value is not True:
        return str(_whole_seconds(name, value))
    if name in _FIELD_LISTS and value is not True:
        names = split_list(value) if isinstance(value, str) else value
        try:
            written = ", ".join([check_name(field) for field in names])
        except (FieldError, TypeError):
            written = ""
        if not written:
            raise OptionError(f"cache_control: {name}: expected names of fields, got {value!r}")
        return f'"{written}"'
    if value is True and (name in _FLAGS or name in _FIELD_LISTS):
        return None
    expected = "a number of seconds" if name in _SECONDS else "True or False"
    raise OptionError(f"cache_control: {name}: expected {expected}, got {value!r}")


def _whole_seconds(name: str, value: Any) -> int:
    seconds: Any = value
    if isinstance(value, dt.timedelta):
        seconds = value.total_seconds()
    elif isinstance(value, str):
        try:
            seconds = duration(value)
        except ValueError:
            seconds = None
    if not isinstance(seconds, (int, float)) or not 0 <= seconds <= FOREVER:
        raise OptionError(f"cache_control: {name}: expected a number of seconds, got {value!r}")
    return int(seconds)
