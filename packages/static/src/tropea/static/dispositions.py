"""Write ``Content-Disposition`` for any file name.

Source: RFC 6266 section 4; RFC 8187 section 3.2.
"""

from __future__ import annotations

import re

# attr-char of RFC 8187 beside letters and digits.
_ATTR_CHAR = "!#$&+-.^_`|~"
_UNSAFE = re.compile(r'[^\x20-\x7e]|["\\%]')
# Controls, line ends, and what turns the direction of text: "gpj.exe" must not read "exe.jpg".
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]")
_TOKEN = re.compile(r"[!#$%&'*+\-.^_`|~0-9A-Za-z]+").fullmatch


def content_disposition(name: str | None, kind: str = "attachment") -> str:
    r"""Write the field for a download that should be called *name*.

    Only the last segment of *name* is used, controls are dropped, and what is not plain ASCII
    is spelled twice: an ASCII likeness for old clients, the real one as RFC 8187 has it.
    kind: ``attachment`` or ``inline``.
    Raises ValueError where *kind* is no token.

    >>> content_disposition("report.pdf")
    'attachment; filename="report.pdf"'
    >>> content_disposition("na\u00efve\r\n.pdf")
    'attachment; filename="na_ve.pdf"; filename*=UTF-8\'\'na%C3%AFve.pdf'
    """
    if not _TOKEN(kind):
        raise ValueError(f"not a disposition: {kind!r}")
    if name is None:
        return kind
    name = _CONTROL.sub("", name.replace("\\", "/").rpartition("/")[2])
    name = name.encode("utf-8", "replace").decode("utf-8").strip()
    if name in {"", ".", ".."}:
        return kind
    from urllib.parse import quote

    plain = _UNSAFE.sub("_", name)
    field = f'{kind}; filename="{plain}"'
    if plain != name:
        field += f"; filename*=UTF-8''{quote(name, safe=_ATTR_CHAR)}"
    return field
