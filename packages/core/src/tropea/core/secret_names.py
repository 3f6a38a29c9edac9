"""Names that give a secret away: of options, variables, fields and keys.

>>> [is_secret_name(name) for name in ("db_password", "X-Api-Key", b"authorization", "monkey")]
[True, True, True, False]
"""

from __future__ import annotations

import re
from functools import lru_cache

#: What stands for a hidden value.
HIDDEN = "…"
#: Names that give a secret away, wherever they stand in a longer name.
SECRET_NAME = re.compile(
    r"pass(?:w|phrase)|secret|token|credential|authori[sz]ation|cookie|session|csrf|xsrf|"
    r"api_?-?key|private_?-?key|signature|nonce|otp|pwd|^auth$|(?:^|[_-])key$|^sid$",
    re.IGNORECASE,
)
# Such a name and what it is set to, in a query, a connection string or somebody's repr.
_NAMED = re.compile(
    r"((?:pass(?:w|phrase)|secret|token|credential|authori[sz]ation|csrf|xsrf|api_?-?key|"
    r"private_?-?key|signature|pwd)[\w.\-]{0,60}['\"]?[ \t]{0,3}[=:][ \t]{0,3})"
    r"(?:'(?:[^'\\]|\\.){0,4096}+'?|\"(?:[^\"\\]|\\.){0,4096}+\"?|[^\s,;&)}\]'\"]{1,4096}+)",
    re.IGNORECASE | re.DOTALL,
)
_USUAL = 60  #: characters of a name that is worth remembering


def is_secret_name(name: object) -> bool:
    """Tell whether a key, option, variable or field of this name is hidden.

    >>> is_secret_name("sid"), is_secret_name("max_age")
    (True, False)
    """
    if isinstance(name, bytes):
        name = name.decode("latin-1")
    if not isinstance(name, str):
        return False
    return _gives_away(name) if len(name) <= _USUAL else SECRET_NAME.search(name) is not None


@lru_cache(maxsize=2048)  # environ keys and fields are the same at every request
def _gives_away(name: str) -> bool:
    return SECRET_NAME.search(name) is not None


def hide_named(text: str) -> str:
    """Hide what text says after a name that gives a secret away.  Linear.

    >>> hide_named("host=db password='x y' n=1"), hide_named("?page=2&access_token=abc&n=1")
    ('host=db password=… n=1', '?page=2&access_token=…&n=1')
    """
    return _NAMED.sub(rf"\g<1>{HIDDEN}", text)
