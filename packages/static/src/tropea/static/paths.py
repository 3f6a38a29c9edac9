"""Decide on a request's path before any file system is asked.

The rules of every platform hold on every platform: what Windows would read as a device, a
stream, a drive or another spelling of a name is refused on Linux too, so that a tree behaves
alike wherever it is served.

Source: RFC 3986 section 3.3; RFC 8615 (``.well-known``); the Windows rules for naming files.
"""

from __future__ import annotations

import re
from typing import NamedTuple

#: Characters of a path, and segments in it; longer ones name nothing that is served.
MAX_LENGTH = 4096
MAX_SEGMENTS = 128

# C0 and C1 controls, NUL and DEL, the separators of all systems, the drive and stream mark;
# a trailing dot or blank, which Windows drops: "a.txt." would be another name of "a.txt".
_REFUSED = re.compile(r"[\x00-\x1f\x7f-\x9f/\\:]|[. ]\Z").search
_DEVICE = re.compile(
    r"(?:con|prn|aux|nul|conin\$|conout\$|clock\$|(?:com|lpt)[0-9\xb9\xb2\xb3])[ ]*(?:\..*)?",
    re.IGNORECASE | re.DOTALL,
).fullmatch
# What HFS+ does not see in a name: with one of these in front ".git" is still ".git" there.
_IGNORED = "".join(
    map(chr, (*range(0x200C, 0x2010), *range(0x202A, 0x202F), *range(0x206A, 0x2070), 0xFEFF))
)
# SECRET~1.TXT is how Windows also calls a longer name.
_SHORT_NAME = re.compile(r"[^~.]{1,6}~[0-9]{1,6}(?:\.[^.]{0,3})?").fullmatch


class RequestPath(NamedTuple):
    """A path that may be looked up.

    segments: its names, decoded; none for the root.
    is_folder: whether it ended with a slash.
    """

    segments: tuple[str, ...]
    is_folder: bool


def is_name(segment: str, *, dotfiles: bool = False, short_names: bool = True) -> bool:
    """Tell whether *segment* may name a file or a folder.

    dotfiles: whether names that begin with a dot may.
    short_names: whether names of the form ``SECRET~1.TXT`` may, which alias others on Windows.

    >>> is_name("app.css"), is_name(".."), is_name(".env"), is_name("aux.txt"), is_name("a:b")
    (True, False, False, False, False)
    """
    if not segment or _REFUSED(segment):  # "." and ".." end with a dot
        return False
    if not dotfiles and segment.lstrip(_IGNORED)[:1] == ".":
        return False
    if not short_names and _SHORT_NAME(segment):
        return False
    return _DEVICE(segment) is None


def may_serve(segments: tuple[str, ...], *, dotfiles: bool = False) -> bool:
    """Tell whether every segment may name something; ``.well-known`` may stand first.

    >>> may_serve((".well-known", "security.txt")), may_serve(("a", ".git", "config"))
    (True, False)
    """
    if len(segments) > MAX_SEGMENTS:
        return False
    first = segments[:1] == (".well-known",)
    return all(is_name(segment, dotfiles=dotfiles) for segment in segments[first:])


def read_path(path_info: str, *, dotfiles: bool = False) -> RequestPath | None:
    """Read ``PATH_INFO`` below a prefix (bytes as Latin-1, PEP 3333); None refuses it.

    One leading slash is taken off.  An empty segment, bytes that are not UTF-8 and every name
    that ``may_serve`` refuses are refused; nothing is normalised, so a file has one spelling.

    >>> read_path("/css/app.css")
    RequestPath(segments=('css', 'app.css'), is_folder=False)
    >>> read_path("/css//app.css") is read_path("/../secret") is None
    True
    """
    if len(path_info) > MAX_LENGTH:
        return None
    try:
        text = path_info.encode("latin-1").decode("utf-8")
    except UnicodeError:
        return None
    text = text.removeprefix("/")
    is_folder = text.endswith("/") or not text
    segments = tuple(text.removesuffix("/").split("/")) if text else ()
    if not may_serve(segments, dotfiles=dotfiles):
        return None
    return RequestPath(segments, is_folder)


def path_key(path: str) -> str:
    r"""Spell *path* as it arrives in ``PATH_INFO``: its UTF-8 bytes as Latin-1.

    What is no text (a lone surrogate) is spelled so that ``read_path`` refuses it.

    >>> path_key("caf\u00e9.txt") == "caf\u00c3\u00a9.txt"
    True
    """
    if path.isascii():
        return path
    return path.encode("utf-8", "surrogatepass").decode("latin-1")
