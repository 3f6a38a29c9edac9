"""Decide what a conditional request asks for.

Pure policy: a layer collects the fields, this module gives the verdict.

Source: RFC 9110 section 13.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import Enum, auto
from typing import Any, NamedTuple

from tropea.core.dates import parse_date
from tropea.core.entitytags import EntityTag, parse_list

SAFE_METHODS = frozenset({"GET", "HEAD"})
#: Methods that neither show nor change a representation: preconditions mean nothing to them.
UNCONDITIONAL_METHODS = frozenset({"CONNECT", "OPTIONS", "TRACE"})


class Verdict(Enum):
    """What to do with the request."""

    PERFORM = auto()  #: carry it out as if it were unconditional
    NOT_MODIFIED = auto()  #: answer 304
    FAILED = auto()  #: answer 412


class Conditions(NamedTuple):
    """The four fields, verbatim; None marks an absent field."""

    if_match: str | None = None
    if_none_match: str | None = None
    if_modified_since: str | None = None
    if_unmodified_since: str | None = None


#: The environ keys of the fields, in the order of Conditions.
CONDITION_KEYS = (
    "HTTP_IF_MATCH",
    "HTTP_IF_NONE_MATCH",
    "HTTP_IF_MODIFIED_SINCE",
    "HTTP_IF_UNMODIFIED_SINCE",
)


class Representation(NamedTuple):
    """What the server holds now for the target.

    modified: whole seconds since the epoch, UTC.
    """

    etag: EntityTag | None = None
    modified: int | None = None


def conditions_of(environ: Mapping[str, Any]) -> Conditions | None:
    """Collect the fields of a request; None where it has none of them."""
    if environ.keys().isdisjoint(CONDITION_KEYS):
        return None
    return Conditions(*map(environ.get, CONDITION_KEYS))


def evaluate(conditions: Conditions, current: Representation | None, method: str) -> Verdict:
    """Apply the fields in the order of section 13.2.2.

    current: None when the target has no current representation.

    CONNECT, OPTIONS and TRACE are always carried out (section 13.2.1).

    >>> held = Representation(EntityTag("v1"))
    >>> evaluate(Conditions(if_none_match='"v0", "v1"'), held, "GET").name
    'NOT_MODIFIED'
    >>> evaluate(Conditions(if_none_match="*"), None, "PUT").name
    'PERFORM'
    """
    safe = method in SAFE_METHODS
    if not safe and method in UNCONDITIONAL_METHODS:
        return Verdict.PERFORM
    modified = current.modified if current else None

    if conditions.if_match is not None:
        if not names(conditions.if_match, current, strong=True):
            return Verdict.FAILED
    elif conditions.if_unmodified_since is not None and modified is not None:
        # Without a date to compare, the field is ignored (section 13.1.4).
        since = parse_date(conditions.if_unmodified_since)
        if since is not None and modified > since:
            return Verdict.FAILED

    if conditions.if_none_match is not None:
        if names(conditions.if_none_match, current, strong=False):
            return Verdict.NOT_MODIFIED if safe else Verdict.FAILED
    elif safe and modified is not None and conditions.if_modified_since is not None:
        since = parse_date(conditions.if_modified_since)
        if since is not None and modified <= since:
            return Verdict.NOT_MODIFIED
    return Verdict.PERFORM


def names(field: str, current: Representation | None, *, strong: bool) -> bool:
    """Tell whether *field* is ``*`` or lists the tag of *current*."""
    if current is None:
        return False
    if field.strip(" \t") == "*":
        return True
    tag = current.etag
    if tag is None:
        return False
    same = tag.is_identical if strong else tag.is_equivalent
    return any(same(listed) for listed in parse_list(field))
