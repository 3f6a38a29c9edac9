"""Say what the cache did: the Cache-Status field.

Source: RFC 9211 section 2.
"""

from __future__ import annotations

import re

from tropea.core.errors import OptionError
from tropea.core.fields import Fields, combined, set_field

_TOKEN = re.compile(r"[A-Za-z*][!#$%&'*+\-.^_`|~0-9A-Za-z:/]*").fullmatch


def check_cache_name(name: str) -> str:
    """Return *name* as it is written in the field; raise OptionError for what it cannot hold.

    >>> check_cache_name("my cache")
    '"my cache"'
    """
    if _TOKEN(name):
        return name
    if not name.isascii() or not name.isprintable() or set(name) & {'"', "\\"}:
        raise OptionError(f"expected the name of a cache, got {name!r}")
    return f'"{name}"'


def say(fields: Fields, name: str, text: str) -> None:
    """Append our member to the Cache-Status of *fields*, in place; those before us stay."""
    held = combined(fields, "Cache-Status")
    member = f"{name}; {text}"
    set_field(fields, "Cache-Status", f"{held}, {member}" if held else member)


def forwarded(
    reason: str,
    *,
    status: int | None = None,
    stored: bool = False,
    collapsed: bool = False,
    detail: str | None = None,
) -> str:
    """Write the parameters of a response that the application was asked for.

    >>> forwarded("uri-miss", stored=True)
    'fwd=uri-miss; stored'
    """
    text = f"fwd={reason}"
    if status is not None:
        text += f"; fwd-status={status}"
    if stored:
        text += "; stored"
    if collapsed:
        text += "; collapsed"
    return f"{text}; detail={detail}" if detail else text
