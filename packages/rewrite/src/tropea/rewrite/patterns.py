r"""Compile the regular expressions of rules, PCRE's spelling included.

>>> compile_pattern(r"^/(?<year>\d{4})/[[:alpha:]]+$").match("/2026/x")["year"]
'2026'
>>> compile_pattern(r"^/a\K")
Traceback (most recent call last):
...
tropea.rewrite.errors.PatternError: column 4: \K has no counterpart here
"""

from __future__ import annotations

import re
import warnings
from typing import Any

from tropea.rewrite.errors import PatternError
from tropea.rewrite.pcre import translate

#: Longest subject that a rule looks at, in characters.
LONGEST_SUBJECT = 8192


def compile_pattern(source: str, *, ignore_case: bool = False, octets: bool = False) -> Any:
    """Compile *source*; raise PatternError, with the column, where it cannot be.

    A dot matches a line's end too, and ``$`` only the very end: else a control character in a
    path slips past ``^/admin.*`` and ``^/admin$``.

    octets: characters are the bytes of the subject, as Apache sees them.
    """
    flags = re.DOTALL | (re.IGNORECASE if ignore_case else re.NOFLAG)
    if octets:
        flags |= re.ASCII
    text, places = translate(source)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            return re.compile(text, flags)
    except re.error as error:
        column = places[min(error.pos or 0, len(places) - 1)] + 1
        raise PatternError(error.msg, column=column) from None
    except (Warning, RecursionError, OverflowError) as error:
        raise PatternError(str(error)) from None
