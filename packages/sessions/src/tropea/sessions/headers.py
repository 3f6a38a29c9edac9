"""What an answer that depends on a session must say to caches.

Source: RFC 9111 sections 5.2.2.7 (private) and 4.1 (Vary); RFC 9213 section 3 (fields for some
caches only, which they heed instead of Cache-Control).
"""

from __future__ import annotations

from tropea.core.directives import split_list
from tropea.core.fields import Fields, add_vary, combined, drop, set_field

_BOTH = (("Cache-Control", "private"), ("Vary", "Cookie"))
_TARGETED = ("CDN-Cache-Control", "Surrogate-Control")
_CONCERNED = frozenset(("cache-control", "vary", *map(str.lower, _TARGETED)))
_LENGTHS = frozenset(map(len, _CONCERNED))


def marked_private(given: Fields) -> Fields:
    """Return fields of which Vary names Cookie, and which keep shared caches away.

    >>> marked_private([("Cache-Control", "public, max-age=60")])
    [('Cache-Control', 'private, max-age=60'), ('Vary', 'Cookie')]
    """
    for name, _ in given:
        # Only a name of the right length is worth looking at: this runs for every response.
        if len(name) in _LENGTHS and name.lower() in _CONCERNED:
            return _combined(given)
    return [*given, *_BOTH]


def _combined(given: Fields) -> Fields:
    fields = list(given)
    held = combined(fields, "Cache-Control")
    drop(fields, *_TARGETED)  # all of them are for shared caches
    set_field(fields, "Cache-Control", "private" if held is None else make_private(held))
    add_vary(fields, "Cookie")
    return fields


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
