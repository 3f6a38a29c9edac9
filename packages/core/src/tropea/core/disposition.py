"""Write Content-Disposition so that a file is saved under the name that was meant.

Source: RFC 6266 section 4, RFC 8187 section 3.2.
"""

from __future__ import annotations

import re
import unicodedata
from urllib.parse import quote

from tropea.core.fields import FieldError, check_name

_UNSAFE = re.compile(r'[\x00-\x1f\x7f"\\/:;%]|[^\x20-\x7e]')


def content_disposition(kind: str, filename: str) -> str:
    r"""Return the field for *filename*: a plain form for everybody, and the exact one in UTF-8.

    kind: ``attachment`` or ``inline``.
    Raises FieldError for an empty name and for one with controls.

    >>> content_disposition("attachment", "žluť.txt")
    'attachment; filename="zlut.txt"; filename*=UTF-8\'\'%C5%BElu%C5%A5.txt'
    """
    check_name(kind)
    if not filename.strip(" .") or any(unicodedata.category(c) == "Cc" for c in filename):
        raise FieldError(f"not a file name: {filename!r}")
    ascii_only = unicodedata.normalize("NFKD", filename).encode("ascii", "ignore").decode()
    plain = _UNSAFE.sub("_", ascii_only).strip(" .") or "file"
    if plain == filename:
        return f'{kind}; filename="{plain}"'
    exact = quote(filename, safe="!#$&+-.^_`|~", errors="replace")
    return f"{kind}; filename=\"{plain}\"; filename*=UTF-8''{exact}"
