r"""Compile the regular expressions of rules."""

from __future__ import annotations

import re
from typing import Any

from tropea.rewrite.errors import PatternError

#: Longest subject that a rule looks at, in characters.
LONGEST_SUBJECT = 8192


def compile_pattern(source: str, *, ignore_case: bool = False, octets: bool = False) -> Any:
    """Compile *source*; raise PatternError where it cannot be.

    A dot matches a line's end too: else a control character in a path slips past ``^/admin.*``.
    octets: characters are the bytes of the subject.
    """
    flags = re.DOTALL | (re.IGNORECASE if ignore_case else re.NOFLAG)
    if octets:
        flags |= re.ASCII
    try:
        return re.compile(source, flags)
    except re.error as error:
        raise PatternError(error.msg, column=(error.pos or 0) + 1) from None
