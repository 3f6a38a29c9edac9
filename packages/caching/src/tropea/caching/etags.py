r"""Entity tags as Pesto spells them: pairs of weakness and text.

The functions here keep Pesto's names, arguments and results.  A layer reads what clients send with
the grammar of RFC 9110 instead (``tropea.core.entitytags``), where a backslash is an ordinary
character: ``"a\", "b"`` is two tags there, and one unfinished quoted-string here.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from tropea.core.entitytags import MAX_TAGS, ValidatorError

Tag = tuple[bool, str]

_TAG = re.compile(r'[ \t]*(W/)?"((?:[^"\\]|\\.)*+)"[ \t]*(?:,|$)', re.DOTALL)
_QUOTED_PAIR = re.compile(r"\\(.)", re.DOTALL)
_SPECIAL = re.compile(r'(["\\])')
_SENDABLE = re.compile(r"[\x20\x21\x23-\x7e\x80-\xff]*").fullmatch


def quoted_string(s: str) -> str:
    r"""Write *s* as a quoted-string: quotes around it, quotes and backslashes in it escaped.

    Source: RFC 9110 section 5.6.4.

    >>> quoted_string(r'"this" is quoted')
    '"\\"this\\" is quoted"'
    >>> quoted_string(r'this is \"quoted\"') == r'"this is \\\"quoted\\\""'
    True
    """
    return '"' + _SPECIAL.sub(r"\\\1", s) + '"'


def make_etag(s: str, weak: bool = False) -> str:
    """Write *s* as the value of an ``ETag`` field.

    A blank may be part of the tag, because Pesto allowed it and clients send it back.
    Raises ValidatorError for what no tag can hold: a double quote, controls, other alphabets.

    Source: RFC 9110 section 8.8.3.

    >>> make_etag('r1089')
    '"r1089"'
    >>> make_etag('r1089', True)
    'W/"r1089"'
    """
    if not _SENDABLE(s):
        raise ValidatorError(f"an entity tag cannot hold {s!r}")
    text = str.__str__(s)  # what was checked, not what a subclass makes of itself when formatted
    return f'W/"{text}"' if weak else f'"{text}"'


def parse_entity_tags(s: str) -> list[Tag]:
    r"""Read the tags of an ``If-None-Match`` field as Pesto does: quoted-strings with escapes.

    ``*`` is the tag ``(False, '*')``; reading stops at what is no tag.

    >>> parse_entity_tags(r'"tag a", W/"tag b"')
    [(False, 'tag a'), (True, 'tag b')]
    >>> parse_entity_tags(r'"\"a\"", "b"')
    [(False, '"a"'), (False, 'b')]
    >>> parse_entity_tags(r'"\"a\",\\b", "b"')
    [(False, '"a",\\b'), (False, 'b')]
    >>> parse_entity_tags(r'"\"a\",\\b\\", "b"')
    [(False, '"a",\\b\\'), (False, 'b')]
    >>> parse_entity_tags(r'"some longer \"text\"", "b"')
    [(False, 'some longer "text"'), (False, 'b')]
    """
    if s.strip(" \t") == "*":
        return [(False, "*")]
    tags: list[Tag] = []
    position = 0
    while len(tags) < MAX_TAGS:
        match = _TAG.match(s, position)
        if match is None:
            break
        tags.append((match[1] is not None, _QUOTED_PAIR.sub(r"\1", match[2])))
        position = match.end()
    return tags


def etags_match(tag: Tag, tomatch: Iterable[Tag], allow_weak: bool = True) -> bool:
    """Tell whether *tag* equals one of *tomatch*, or one of those is ``*``.

    allow_weak: compare weakly; otherwise a weak tag matches nothing, itself included.

    Source: RFC 9110 section 8.8.3.2.

    >>> etags_match((False, 'a'), [(False, 'a'), (False, 'b')], allow_weak=False)
    True
    >>> etags_match((False, 'a'), [(True, 'a'), (False, 'b')], allow_weak=False)
    False
    >>> etags_match((False, 'a'), [(True, 'a'), (False, 'b')], allow_weak=True)
    True
    >>> etags_match((True, 'b'), [(True, 'a'), (False, 'b')], allow_weak=True)
    True
    >>> etags_match((False, 'a'), [(False, '*')])
    True
    """
    weak, text = tag
    for other_weak, other in tomatch:
        if (other_weak, other) == (False, "*"):
            return True
        if other == text and (allow_weak or not (weak or other_weak)):
            return True
    return False
