"""HTTP dates: three forms are read, one is written.

Source: RFC 9110 section 5.6.7.
"""

from __future__ import annotations

import re
import time
from calendar import timegm
from datetime import date

DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
LONG_DAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
_MONTH_NUMBER = {name: number for number, name in enumerate(MONTHS, 1)}

_DAY, _LONG, _MONTH = "|".join(DAYS), "|".join(LONG_DAYS), "|".join(MONTHS)
_TIME = "(?P<hour>[0-9]{2}):(?P<minute>[0-9]{2}):(?P<second>[0-9]{2})"
_FORMS = tuple(
    re.compile(form).fullmatch
    for form in (
        f"(?:{_DAY}), (?P<day>[0-9]{{2}}) (?P<month>{_MONTH}) (?P<year>[0-9]{{4}}) {_TIME} GMT",
        f"(?:{_LONG}), (?P<day>[0-9]{{2}})-(?P<month>{_MONTH})-(?P<year>[0-9]{{2}}) {_TIME} GMT",
        f"(?:{_DAY}) (?P<month>{_MONTH}) (?P<day>[ 0-9][0-9]) {_TIME} (?P<year>[0-9]{{4}})",
    )
)
_LONGEST = len("Wednesday, 06-Nov-94 08:49:37 GMT")
#: 9999-12-31 23:59:59: the last second that the four digits of a year can name.
LAST_SECOND = 253402300799

_written: tuple[int | None, str] = (None, "")


def parse_date(field: str | None, *, now: float | None = None) -> int | None:
    """Read a date: seconds since the epoch, UTC; None for no date and for no valid date.

    now: seconds since the epoch, against which a two-digit year is completed; the clock's
        when None.

    Strict: names with their case, ``GMT`` and nothing else, days that exist.  The name of the
    day is not compared with the date (RFC 9110 does not ask for it); a leap second is read as
    the first second of the next minute.

    >>> parse_date("Sun, 06 Nov 1994 08:49:37 GMT")
    784111777
    >>> parse_date("Sunday, 06-Nov-94 08:49:37 GMT") == parse_date("Sun Nov  6 08:49:37 1994")
    True
    >>> parse_date("0") is None
    True
    """
    if field is None or len(field) > _LONGEST + 2:
        return None
    field = field.strip(" \t")
    for form in _FORMS:
        match = form(field)
        if match is not None:
            year, month, day, hour, minute, second = match.group(
                "year", "month", "day", "hour", "minute", "second"
            )
            full = int(year) if len(year) == 4 else _complete(int(year), now)
            return _seconds(full, month, int(day), (int(hour), int(minute), int(second)))
    return None


def _complete(year: int, now: float | None) -> int:
    """Complete a two-digit year: more than 50 years ahead means the past century."""
    this_year = time.gmtime(time.time() if now is None else now).tm_year
    full = this_year - this_year % 100 + year
    return full - 100 if full > this_year + 50 else full


def _seconds(year: int, month: str, day: int, clock: tuple[int, int, int]) -> int | None:
    hour, minute, second = clock
    if hour > 23 or minute > 59 or second > 60:
        return None
    try:
        date(year, _MONTH_NUMBER[month], day)
    except ValueError:
        return None
    return timegm((year, _MONTH_NUMBER[month], day, hour, minute, second))


def format_date(seconds: float) -> str:
    """Write *seconds* since the epoch as an IMF-fixdate.

    Raises ValueError for a moment before the year 1 or after the year 9999.

    >>> format_date(784111777)
    'Sun, 06 Nov 1994 08:49:37 GMT'
    """
    global _written  # noqa: PLW0603  one tuple, swapped whole: safe without a lock
    whole = int(seconds // 1)
    last, text = _written
    if last == whole:  # most dates of a busy server are the second that it is now
        return text
    if not -62135596800 <= whole <= LAST_SECOND:
        raise ValueError(f"no HTTP date holds {seconds!r}")
    year, month, day, hour, minute, second, weekday, *_ = time.gmtime(whole)
    clock = f"{hour:02}:{minute:02}:{second:02}"
    text = f"{DAYS[weekday]}, {day:02} {MONTHS[month - 1]} {year:04} {clock} GMT"
    _written = (whole, text)
    return text
