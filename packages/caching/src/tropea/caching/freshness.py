"""How long a response is fresh, how old it is, and what may be done with it now.

Pure policy: fields and moments go in, a Policy and verdicts come out.

Source: RFC 9111 sections 4.2 and 5; RFC 5861; RFC 8246; RFC 9213.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from enum import Enum, auto
from typing import NamedTuple

from tropea.caching.cachecontrol import (
    FOREVER,
    RESTRICTIONS,
    Directives,
    delta_seconds,
    named_fields,
    parse_cache_control,
)
from tropea.caching.structured import parse_dictionary
from tropea.core.dates import parse_date
from tropea.core.fields import Fields, combined, get, get_all

#: Statuses that may be given a lifetime by guess (RFC 9110 section 15.1).
HEURISTIC = frozenset((200, 203, 204, 206, 300, 301, 308, 404, 405, 410, 414, 501))
#: Seconds: the longest lifetime that is guessed.
LONGEST_GUESS = 86400.0


class Policy(NamedTuple):
    """What the fields of a response say about its reuse; in seconds.

    lifetime: how long it is fresh.
    validate: ask the application before every use (``no-cache``).
    must_revalidate: never serve it stale.
    while_revalidating, if_error: how long past its lifetime it may be served all the same.
    immutable: a reload does not ask for it again while it is fresh.
    """

    lifetime: float
    validate: bool = False
    must_revalidate: bool = False
    while_revalidating: int = 0
    if_error: int = 0
    immutable: bool = False


class Wishes(NamedTuple):
    """What a request asks of caches; None where it says nothing (RFC 9111 section 5.2.1)."""

    max_age: int | None = None
    max_stale: int | None = None
    min_fresh: int | None = None
    if_error: int | None = None
    no_cache: bool = False
    no_store: bool = False
    only_if_cached: bool = False


class Use(Enum):
    """What may be done with a stored response."""

    FRESH = auto()  #: serve it
    STALE = auto()  #: serve it: the client asked for stale ones
    BACKGROUND = auto()  #: serve it, and bring a new one meanwhile
    VALIDATE = auto()  #: ask the application first


#: Seconds by which the clocks of machines that share a store may differ.  What is younger than
#: that was stored before a clock was set back: nobody knows its age.
CLOCK_SKEW = 60.0

NO_WISHES = Wishes()
#: Characters of the longest date that is read, with some blanks around it.
_LONGEST_DATE = 40
_LEADING = re.compile(r"[0-9]+").match


def directives_of(fields: Fields, targeted: Sequence[str] = ()) -> tuple[Directives, bool]:
    """Return the directives that count for us, and whether they come from a targeted field.

    targeted: names of fields that replace Cache-Control and Expires, the first that is present
        and valid (RFC 9213 section 2.2).
    """
    for name in targeted:
        field = combined(fields, name)
        if field is None:
            continue
        if name.lower() == "surrogate-control":
            # The Edge Architecture note came before Structured Fields; ";" names a device.
            found = parse_cache_control(_without_targets(field))
        else:
            found = _dictionary(field)
        if found:
            return found, True
    return parse_cache_control(combined(fields, "Cache-Control")), False


def _without_targets(field: str) -> str:
    return ", ".join(member.partition(";")[0] for member in field.split(",")[:256])


def _dictionary(field: str) -> Directives:
    """Read a targeted field; a directive whose value has the wrong type is ignored."""
    found: Directives = {}
    for name, value in (parse_dictionary(field) or {}).items():
        if value is True:
            found[name] = None
        elif isinstance(value, int) and not isinstance(value, bool):
            found[name] = str(value)
        elif name in RESTRICTIONS and value is not False:
            found[name] = value if isinstance(value, str) else None
        elif isinstance(value, str):
            found.setdefault(f"ignored {name}", None)
    return found


def read_policy(
    status: int,
    fields: Fields,
    received: float,
    *,
    targeted: Sequence[str] = (),
    heuristic: float = 0.0,
) -> Policy:
    """Read what a response says about its reuse.

    received: seconds since the epoch, when it arrived.
    heuristic: the part of its age since Last-Modified for which a response that says nothing is
        taken for fresh; 0 for not at all.

    >>> read_policy(200, [("Cache-Control", "s-maxage=5, max-age=60")], 0.0).lifetime
    5
    """
    directives, is_targeted = directives_of(fields, targeted)
    lifetime = explicit_lifetime(directives, fields, received, is_targeted=is_targeted)
    if lifetime is None:
        lifetime = guess(status, directives, fields, received, heuristic)
    revalidates = not directives.keys().isdisjoint(
        ("must-revalidate", "proxy-revalidate", "s-maxage")
    )
    asks = "no-cache" in directives and named_fields(directives["no-cache"]) is None
    return Policy(
        lifetime,
        asks,
        revalidates or asks,
        delta_seconds(directives.get("stale-while-revalidate")),
        delta_seconds(directives.get("stale-if-error")),
        "immutable" in directives,
    )


def moment_of(field: str | None) -> int | None:
    """Read a date of a response as a cache does: in seconds since the epoch, whatever its case.

    Servers alone have to mind the case of names and of ``GMT`` (RFC 9111 section 4.2).

    >>> moment_of("THU, 01 jan 1970 00:01:00 gmt")
    60
    """
    found = parse_date(field)
    if found is None and field is not None and len(field) <= _LONGEST_DATE:
        found = parse_date(field.title().replace("Gmt", "GMT"))
    return found


def explicit_lifetime(
    directives: Directives, fields: Fields, received: float, *, is_targeted: bool = False
) -> float | None:
    """Return the lifetime that a response declares, in seconds; None where it declares none.

    An Expires that is no date, ``0`` included, means expired (RFC 9111 section 5.3).
    """
    for name in ("s-maxage", "max-age"):
        if name in directives:
            return delta_seconds(directives[name])
    if is_targeted:
        return None
    expires = combined(fields, "Expires")
    if expires is None:
        return None
    end = moment_of(expires)
    if end is None:
        return 0
    date = moment_of(get(fields, "Date"))
    return min(max(0, end - (received if date is None else date)), FOREVER)


def guess(
    status: int, directives: Directives, fields: Fields, received: float, heuristic: float
) -> float:
    """Guess a lifetime from Last-Modified (RFC 9111 section 4.2.2); 0 where nothing allows it."""
    if heuristic <= 0 or (status not in HEURISTIC and "public" not in directives):
        return 0
    modified = moment_of(get(fields, "Last-Modified"))
    if modified is None:
        return 0
    date = moment_of(get(fields, "Date"))
    since = (received if date is None else date) - modified
    return max(0.0, min(since * heuristic, LONGEST_GUESS))


def initial_age(fields: Fields, requested: float, received: float) -> float:
    """Compute how old a response was when it arrived, in seconds (RFC 9111 section 4.2.3).

    requested, received: seconds since the epoch.
    Of several Age values the first counts.  One that begins with a number is taken for that
    number, which is the safe side; one that does not is ignored (section 5.1).

    >>> initial_age([("Age", "30")], 100.0, 101.0)
    31.0
    """
    values = get_all(fields, "Age")
    held = 0.0
    if values:
        number = _LEADING(values[0].strip(" \t"))
        held = float(delta_seconds(number[0])) if number else 0.0
    date = moment_of(get(fields, "Date"))
    apparent = max(0, int(received) - date) if date is not None else 0
    return max(float(apparent), held + max(0.0, received - requested))


def read_wishes(cache_control: str | None, pragma: str | None) -> Wishes:
    """Read what a request asks of caches; Pragma counts only without Cache-Control.

    >>> read_wishes("max-stale, only-if-cached", None).max_stale == FOREVER
    True
    """
    if cache_control is None:
        return Wishes(no_cache="no-cache" in parse_cache_control(pragma))
    found = parse_cache_control(cache_control)

    def seconds(name: str, bare: int | None = None) -> int | None:
        if name not in found:
            return None
        return bare if found[name] is None and bare is not None else delta_seconds(found[name])

    return Wishes(
        seconds("max-age"),
        seconds("max-stale", FOREVER),
        seconds("min-fresh"),
        seconds("stale-if-error", FOREVER),
        "no-cache" in found,
        "no-store" in found,
        "only-if-cached" in found,
    )


def decide(policy: Policy, age: float, wishes: Wishes = NO_WISHES) -> Use:
    """Decide what may be done with a response that is *age* seconds old.

    >>> decide(Policy(60), 30).name, decide(Policy(60), 61).name
    ('FRESH', 'VALIDATE')
    """
    stale_for = age - policy.lifetime
    if policy.validate or wishes.no_cache or age < -CLOCK_SKEW:
        return Use.VALIDATE
    is_fresh = stale_for < 0
    reload = wishes.max_age is not None and age > wishes.max_age
    if wishes.max_age == 0:
        reload = True  # whatever is held has some age, if less than a tick of the clock
    if (reload and not (policy.immutable and is_fresh)) or (
        wishes.min_fresh is not None and -stale_for < wishes.min_fresh
    ):
        return Use.VALIDATE
    if is_fresh:
        return Use.FRESH
    if policy.must_revalidate:
        return Use.VALIDATE
    if wishes.max_stale is not None and stale_for <= wishes.max_stale:
        return Use.STALE
    return Use.BACKGROUND if stale_for < policy.while_revalidating else Use.VALIDATE


def allows_after_error(
    policy: Policy, age: float, wishes: Wishes = NO_WISHES, default: float = 0
) -> bool:
    """Tell whether a stale response may stand in for an error (RFC 5861 section 4).

    default: seconds, for responses and requests that say nothing.
    """
    if policy.must_revalidate or age < -CLOCK_SKEW:
        return False
    allowed = max(policy.if_error, wishes.if_error or 0, default)
    return age - policy.lifetime < allowed
