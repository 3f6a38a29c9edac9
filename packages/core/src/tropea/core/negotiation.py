"""Choose among representations by the quality values of an Accept-like field.

Source: RFC 9110 sections 12.4.2 and 12.5.3.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from tropea.core.directives import split_list

_QVALUE = re.compile(r"(?:0(?:\.[0-9]{0,3})?|1(?:\.0{0,3})?)").fullmatch
#: Members read of one field.
MAX_CHOICES = 64
_ALIASES = {"x-gzip": "gzip", "x-compress": "compress"}


def parse_quality_list(field: str) -> dict[str, float]:
    """Read ``name;q=0.5, name`` into lower-case names and qualities between 0 and 1.

    A member whose weight is malformed is skipped; of duplicates the first counts; parameters
    other than ``q`` stay part of the name.

    >>> parse_quality_list("GZIP, br;q=0.5, *;Q=0")
    {'gzip': 1.0, 'br': 0.5, '*': 0.0}
    """
    found: dict[str, float] = {}
    for member in split_list(field)[:MAX_CHOICES]:
        name, *parameters = (part.strip(" \t") for part in member.split(";"))
        quality, kept = 1.0, [name.lower()]
        for parameter in parameters:
            key, _, value = parameter.partition("=")
            if key.strip(" \t").lower() == "q":
                quality = _quality(value.strip(" \t"))
                break  # what follows the weight are extensions that nobody uses
            kept.append(parameter.lower())
        if quality >= 0 and name:
            found.setdefault(";".join(kept), quality)
    return found


def _quality(text: str) -> float:
    return float(text) if _QVALUE(text) else -1.0


def accepted_codings(field: str | None) -> dict[str, float] | None:
    """Read ``Accept-Encoding``; None, when it is absent, means that anything will do."""
    if field is None:
        return None
    return {_ALIASES.get(name, name): q for name, q in parse_quality_list(field).items()}


def coding_quality(accepted: dict[str, float] | None, coding: str) -> float:
    """Tell how welcome *coding* is, 0 for not at all.

    ``identity`` is acceptable unless it is refused by name, or by ``*;q=0`` without being named.
    """
    if accepted is None:
        return 1.0
    if coding in accepted:
        return accepted[coding]
    if coding == "identity":
        # Acceptable, but what was asked for by name comes first.
        return 0.0 if accepted.get("*") == 0 else 0.0001
    return accepted.get("*", 0.0)


def choose_coding(field: str | None, available: Sequence[str]) -> str | None:
    """Choose among *available* codings, the server's favourite first; None where none will do.

    An absent field gets ``identity`` where that is available: a client that says nothing may
    be one that can decode nothing.

    >>> choose_coding("gzip;q=0.5, br", ("br", "gzip", "identity"))
    'br'
    >>> choose_coding("identity;q=0, gzip;q=0", ("gzip", "identity")) is None
    True
    """
    if field is None and "identity" in available:
        return "identity"
    accepted = accepted_codings(field)
    best, chosen = 0.0, None
    for coding in available:
        quality = coding_quality(accepted, coding)
        if quality > best:
            best, chosen = quality, coding
    return chosen
