"""Entity tags: the opaque validators of a representation.

Source: RFC 9110 section 8.8.3.
"""

from __future__ import annotations

import re
from typing import NamedTuple

from tropea.core.errors import TropeaError

# etagc = %x21 / %x23-7E / obs-text: no quote, no control.  A blank inside is taken too,
# because clients only send back what some server once made.
_TAG = re.compile(r'(W/)?"([\x20\x21\x23-\x7e\x80-\xff]*)"')
_MEMBER = re.compile(r'[ \t]*((W/)?"([\x20\x21\x23-\x7e\x80-\xff]*)"[ \t]*|[^,"]*|[^,]*)(?:,|$)')
_STRICT = re.compile(r'(W/)?"([\x21\x23-\x7e\x80-\xff]*)"').fullmatch
_OPAQUE = re.compile(r"[\x21\x23-\x7e\x80-\xff]*").fullmatch

#: No honest client holds more representations of one resource.
MAX_TAGS = 256


class ValidatorError(TropeaError, ValueError):
    """Text that should be an entity tag is not one."""


class EntityTag(NamedTuple):
    """One entity tag.

    opaque: the text between the quotes; compared octet by octet.
    weak: True when the tag vouches for equivalence only, not for identity.

    >>> EntityTag.parse('W/"v1"')
    EntityTag(opaque='v1', weak=True)
    """

    opaque: str
    weak: bool = False

    @classmethod
    def parse(cls, text: str) -> EntityTag:
        """Read exactly one tag, as an ``ETag`` response field holds it.

        Raises ValidatorError for anything else.

        >>> EntityTag.parse("v1")
        Traceback (most recent call last):
        ...
        tropea.core.entitytags.ValidatorError: not an entity tag (quotes missing?): 'v1'
        """
        match = _TAG.fullmatch(text.strip(" \t"))
        if match is None:
            raise ValidatorError(f"not an entity tag (quotes missing?): {text!r}")
        return cls(match[2], match[1] is not None)

    @classmethod
    def make(cls, opaque: str, *, weak: bool = False) -> EntityTag:
        """Build a tag that may be sent; raise ValidatorError where the grammar forbids *opaque*."""
        if not _OPAQUE(opaque):
            raise ValidatorError(f"an entity tag cannot hold {opaque!r}")
        return cls(opaque, weak)

    def __str__(self) -> str:
        return f'W/"{self.opaque}"' if self.weak else f'"{self.opaque}"'

    def is_identical(self, other: EntityTag) -> bool:
        """Compare strongly: same octets (section 8.8.3.2)."""
        return not (self.weak or other.weak) and self.opaque == other.opaque

    def is_equivalent(self, other: EntityTag) -> bool:
        """Compare weakly: good enough to reuse (section 8.8.3.2)."""
        return self.opaque == other.opaque


def read_tag(field: str | None) -> EntityTag | None:
    """Read the ``ETag`` of a response; None where it is absent or unusable."""
    match = None if field is None else _TAG.fullmatch(field)
    return None if match is None else EntityTag(match[2], match[1] is not None)


def parse_list(field: str) -> tuple[EntityTag, ...]:
    """Read the tags of an ``If-Match`` or ``If-None-Match`` field.

    A comma inside quotes belongs to its tag; a backslash is an ordinary character.  Members
    that are not tags are skipped: a member nobody can match must not hide one that does.
    Linear in the length of *field*; tags after the 256th are not read.

    >>> [str(tag) for tag in parse_list('"a,b", junk, W/"c"')]
    ['"a,b"', 'W/"c"']
    >>> parse_list("*")
    ()
    """
    tags: list[EntityTag] = []
    position, end = 0, len(field)
    while position < end and len(tags) < MAX_TAGS:
        match = _MEMBER.match(field, position)
        if match is None:  # pragma: no cover - the last alternative takes anything
            break
        if match[3] is not None:
            tags.append(EntityTag(match[3], match[2] is not None))
        position = match.end()
    return tuple(tags)
