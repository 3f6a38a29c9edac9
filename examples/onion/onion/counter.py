"""A picture of how often something was looked at, made for caches.

The validator changes at every seventh hit only, so a browser that shows the picture six more times
is answered 304, and the picture is not drawn at all.
"""

from __future__ import annotations

from collections.abc import Iterator

#: Hits for which one picture is good enough.
EVERY = 7

_SVG = """\
<svg xmlns="http://www.w3.org/2000/svg" width="132" height="40" viewBox="0 0 132 40" role="img">
<title>{count} hits</title>
<rect width="132" height="40" rx="8" fill="#8d2158"/>
<rect x="64" y="4" width="64" height="32" rx="5" fill="#fbeef4"/>
<text x="32" y="26" font-family="system-ui,sans-serif" font-size="15" fill="#fff" \
text-anchor="middle">cooked</text>
<text x="96" y="26" font-family="ui-monospace,monospace" font-size="17" font-weight="700" \
fill="#5c1338" text-anchor="middle">{count}</text>
</svg>
"""


def validator(count: int) -> int:
    """Return what identifies the picture after *count* hits.

    >>> [validator(count) for count in (1, 7, 8, 14, 15)]
    [0, 0, 1, 1, 2]
    """
    return (count - 1) // EVERY


def picture(count: int) -> Iterator[bytes]:
    """Draw the picture when its second block is asked for.

    The first block is empty: a layer that answers 304 closes this before anything is drawn.
    """
    yield b""
    yield _SVG.format(count=count).encode()
