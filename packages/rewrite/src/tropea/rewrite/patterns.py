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
from re import _constants, _parser  # type: ignore[attr-defined]
from typing import Any

from tropea.rewrite.errors import PatternError, RunawayPatternWarning
from tropea.rewrite.linear import LinearPattern, Unsupported
from tropea.rewrite.pcre import translate
from tropea.rewrite.runaway import Risk, risk_of
from tropea.rewrite.withre2 import with_re2

#: Longest subject that a rule looks at, in characters.
LONGEST_SUBJECT = 8192

_ANCHORS = [
    (_constants.AT, _constants.AT_BEGINNING),
    (_constants.AT, _constants.AT_BEGINNING_STRING),
]

#: Up to which length of subject a pattern of that risk is left to re.
_SHORT = {Risk.SQUARE: 2048, Risk.CUBIC: 200, Risk.EXPONENTIAL: 0}


def compile_pattern(
    source: str, *, ignore_case: bool = False, octets: bool = False, anchored: bool = False
) -> Any:
    """Compile *source*; raise PatternError, with the column, where it cannot be.

    A pattern that may run away is announced by a RunawayPatternWarning, and matched in linear time
    where it can be: by re2 if that is installed, else by an engine of our own.

    A dot matches a line's end too, and ``$`` only the very end: else a control character in a
    path slips past ``^/admin.*`` and ``^/admin$``.

    octets: characters are the bytes of the subject, as Apache sees them.
    anchored: the pattern will only be tried at the subject's start.
    """
    flags = re.DOTALL | (re.IGNORECASE if ignore_case else re.NOFLAG)
    if octets:
        flags |= re.ASCII
    text, places = translate(source)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            pattern = re.compile(text, flags)
    except re.error as error:
        column = places[error.pos or 0] + 1
        raise PatternError(error.msg, column=column) from None
    except (Warning, RecursionError, OverflowError) as error:
        raise PatternError(str(error)) from None
    risk = risk_of(pattern, anchored=anchored)
    return pattern if risk is Risk.LOW else _guarded(pattern, source, risk)


def _guarded(pattern: re.Pattern[str], source: str, risk: Risk) -> Any:
    """Return what matches *pattern* in linear time, at least where the subject is long."""
    guarded: Any = pattern
    try:
        guarded = with_re2(pattern) or LinearPattern(pattern, short=_SHORT[risk])
        how = "it is matched in linear time"
    except Unsupported as error:
        how = f"it cannot be matched in linear time, for {error}"
    if risk is not Risk.SQUARE:
        warnings.warn(
            f"the pattern {source!r} {risk.value}; {how}", RunawayPatternWarning, stacklevel=4
        )
    return guarded


def searcher(pattern: Any) -> Any:
    """Return the method that finds *pattern* anywhere, the cheapest that does.

    re's search tries a pattern that starts with ``^`` at every place of the subject.
    """
    if isinstance(pattern, re.Pattern) and not pattern.flags & re.MULTILINE:
        tree = _parser.parse(pattern.pattern, pattern.flags)
        if len(tree) and tree[0] in _ANCHORS:
            return pattern.match
    return pattern.search
