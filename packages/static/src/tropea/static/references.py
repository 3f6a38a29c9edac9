"""Find and replace the references that CSS, scripts and source maps make to other files.

Source: CSS Values and Units 4, section 4.5 (url()); CSS Cascade 5, section 2 (@import); ECMA-426
(source maps).
"""

from __future__ import annotations

import json
import posixpath
import re
from collections.abc import Callable
from urllib.parse import quote, unquote

#: Takes a reference as written, gives it back or its replacement.
Replace = Callable[[str], str]

# Comments and strings are matched first, so that what looks like a reference inside one is
# stepped over; nothing is tried twice, so that every alternative is linear.
_CSS = re.compile(
    r"""
      /\*[#@][ \t]*+sourceMappingURL=(?P<map>[^\s*]++)[ \t]*+\*/
    | /\*(?:[^*]|\*(?!/))*+\*/
    | @import[ \t\r\n]++(?:"(?P<import2>[^"\\\r\n]*+)"|'(?P<import1>[^'\\\r\n]*+)')
    | url\([ \t\r\n]*+
      (?:"(?P<url2>[^"\\\r\n]*+)"|'(?P<url1>[^'\\\r\n]*+)'|(?P<url>[^"'()\\\s]*+))
      [ \t\r\n]*+\)
    | "(?:[^"\\\r\n]|\\.)*+" | '(?:[^'\\\r\n]|\\.)*+'
    """,
    re.VERBOSE | re.IGNORECASE | re.DOTALL,
)
_SCRIPT = re.compile(r"(?m)^(//[#@][ \t]*sourceMappingURL=)(\S+)[ \t]*$")


def replace_references(path: str, text: str, replace: Replace) -> str:
    """Rewrite the references of one file; text of other kinds comes back unchanged.

    >>> replace_references("a.css", "b{background:url(x.png)}", lambda name: "y.png")
    'b{background:url(y.png)}'
    """
    if path.endswith(".css"):
        return _CSS.sub(lambda match: _in_css(match, replace), text)
    if path.endswith((".js", ".mjs", ".cjs")):
        return _SCRIPT.sub(lambda match: match[1] + replace(match[2]), text)
    if path.endswith(".map"):
        return _in_map(text, replace)
    return text


def has_references(path: str) -> bool:
    """Tell whether files of this name may refer to others."""
    return path.endswith((".css", ".js", ".mjs", ".cjs", ".map"))


def _in_css(match: re.Match[str], replace: Replace) -> str:
    for group in ("map", "import2", "import1", "url2", "url1", "url"):
        reference = match[group]
        if reference:
            start, stop = (place - match.start() for place in match.span(group))
            return match[0][:start] + replace(reference) + match[0][stop:]
    return match[0]


def _in_map(text: str, replace: Replace) -> str:
    """Rewrite ``file``, the one member of a map that names what is served beside it."""
    try:
        held = json.loads(text)
    except ValueError:
        return text
    if not isinstance(held, dict) or not isinstance(held.get("file"), str):
        return text
    name = replace(held["file"])
    if name == held["file"]:
        return text
    held["file"] = name
    return json.dumps(held, ensure_ascii=False, separators=(",", ":"))


def resolve(path: str, reference: str) -> tuple[str, str] | None:
    """Find which file of the tree a reference of *path* means; give it and what follows it.

    None for what is not a relative reference: another host, a ``data:`` URL, a fragment, an
    absolute path.

    >>> resolve("css/a.css", "../img/x.svg#icon")
    ('img/x.svg', '#icon')
    >>> resolve("css/a.css", "https://example.org/x.png") is None
    True
    """
    cut = min((reference.find(mark) for mark in "?#" if mark in reference), default=len(reference))
    name, rest = reference[:cut], reference[cut:]
    if not name or name.startswith("/") or re.match(r"[A-Za-z][A-Za-z0-9+.\-]*:", name):
        return None
    target = posixpath.normpath(posixpath.join(posixpath.dirname(path), unquote(name)))
    return None if target.startswith("..") else (target, rest)


def relative(path: str, target: str) -> str:
    """Spell *target* as a reference that *path* can make.

    >>> relative("css/a.css", "img/x.png")
    '../img/x.png'
    """
    return quote(posixpath.relpath(target, posixpath.dirname(path) or "."), safe="/~")
