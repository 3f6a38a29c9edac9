"""Which packed files beside a plain one are sent in its place."""

from __future__ import annotations

from tropea.static.sources import Found


def may_replace(packed: Found, plain: Found) -> bool:
    """Tell whether a packed file can have been made of the plain one as it is now.

    One that is older was made of another state; an empty one was never finished.

    >>> plain = Found("a.css", 1000, 5, (5, 1000), None)
    >>> may_replace(Found("a.css.gz", 300, 5, (5, 300), None), plain)
    True
    >>> may_replace(Found("a.css.gz", 300, 4, (4, 300), None), plain)
    False
    """
    return packed.size > 0 and (packed.modified or 0) >= (plain.modified or 0)
