"""Write a Location that stays on its origin, whatever the request looked like.

Source: RFC 9110 section 10.2.2; RFC 3986 section 4.2 (a path that begins with two slashes names
a host).
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

# What may stand in a path segment unescaped (pchar), and the slash.
_SAFE = "/-._~!$&'()*+,;=:@"
_QUERY = re.compile(r"(?:[-._~!$&'()*+,;=:@/?A-Za-z0-9]|%[0-9A-Fa-f]{2})+").fullmatch


def folder_location(environ: Mapping[str, Any], path: str) -> str:
    r"""Write the path-absolute location of *path* (as in ``PATH_INFO``) below the application.

    One slash leads it, even where ``SCRIPT_NAME`` begins with several; the query is kept where
    it is made of the characters of a query, else left out.

    >>> folder_location({"SCRIPT_NAME": "//evil.example"}, "/sub/")
    '/evil.example/sub/'
    >>> folder_location({"QUERY_STRING": "a=1"}, "/caf\u00c3\u00a9/")
    '/caf%C3%A9/?a=1'
    """
    from urllib.parse import quote

    whole = f"{environ.get('SCRIPT_NAME', '')}/{path.lstrip('/')}"
    location = quote("/" + whole.lstrip("/\\"), safe=_SAFE, encoding="latin-1", errors="replace")
    query = environ.get("QUERY_STRING") or ""
    return f"{location}?{query}" if _QUERY(query) else location
