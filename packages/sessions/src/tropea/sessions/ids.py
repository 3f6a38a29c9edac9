"""Session ids: what a client holds, and the key that a store sees instead.

>>> is_valid_id(new_id())
True
"""

from __future__ import annotations

import re
from hashlib import blake2b
from secrets import token_urlsafe

ID_BYTES = 32  #: 256 bits from the system's random source

#: The text of an id: 43 characters of the URL-safe alphabet.
ID_PATTERN = r"[A-Za-z0-9_-]{43}"

_matches = re.compile(ID_PATTERN).fullmatch


def new_id() -> str:
    """Make an id that nobody can guess, fit for a cookie's value."""
    return token_urlsafe(ID_BYTES)


def is_valid_id(text: object) -> bool:
    r"""Tell whether *text* looks like an id of ours; no store is asked for anything else.

    >>> [is_valid_id(text) for text in ("a" * 43, "a" * 43 + "\n", "../../etc", None)]
    [True, False, False, False]
    """
    return isinstance(text, str) and _matches(text) is not None


def storage_key(session_id: str) -> str:
    """Hash an id into the key that a store sees, so that a leaked store logs nobody in.

    >>> storage_key("x") == storage_key("x") != "x"
    True
    """
    return blake2b(session_id.encode(), digest_size=32).hexdigest()
