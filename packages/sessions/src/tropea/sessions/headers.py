"""What an answer that depends on a session must say to caches.

Source: RFC 9111 sections 5.2.2.7 (private) and 4.1 (Vary).
"""

from __future__ import annotations

from tropea.core.directives import split_list
from tropea.core.fields import Fields, add_vary, combined, set_field

_PRIVATE = ("Cache-Control", "private")
_VARY = ("Vary", "Cookie")


def mark_private(fields: Fields) -> None:
    """Name Cookie in Vary and keep shared caches away, in place.

    >>> fields = [("Cache-Control", "public, max-age=60")]
    >>> mark_private(fields); fields
    [('Cache-Control', 'private, max-age=60'), ('Vary', 'Cookie')]
    """
    names = {name.lower() for name, _ in fields}
    if "cache-control" in names:
        set_field(fields, "Cache-Control", make_private(combined(fields, "Cache-Control") or ""))
    else:
        fields.append(_PRIVATE)
    if "vary" in names:
        add_vary(fields, "Cookie")
    else:
        fields.append(_VARY)


def make_private(directives: str) -> str:
    """Return Cache-Control's value without what lets a shared cache keep the answer.

    >>> make_private("no-store"), make_private("s-maxage=9, max-age=5")
    ('no-store', 'private, max-age=5')
    """
    kept = [d for d in split_list(directives) if not _is_for_shared_caches(d)]
    if "no-store" in (d.lower() for d in kept):
        return ", ".join(kept)
    # An unqualified private: ``private="Set-Cookie"`` would let the rest be shared.
    kept = [d for d in kept if d.partition("=")[0].strip().lower() != "private"]
    return ", ".join(["private", *kept])


def _is_for_shared_caches(directive: str) -> bool:
    return directive.partition("=")[0].strip().lower() in {"public", "s-maxage"}
