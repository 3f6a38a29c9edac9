"""Decide the header fields of a file from its path: everything but sizes and validators."""

from __future__ import annotations

import re
from collections.abc import Mapping
from fnmatch import translate
from pathlib import Path
from typing import Any

from tropea.core.errors import OptionError
from tropea.core.fields import FieldError, check_fields, check_value
from tropea.static.dispositions import content_disposition
from tropea.static.mediatypes import content_type
from tropea.static.options import StaticOptions

Field = tuple[str, str]

#: A year, which every cache takes for as long as it likes (RFC 9111 section 5.2.2.1 has no end).
IMMUTABLE = "max-age=31536000, immutable"

_NOSNIFF: Field = ("X-Content-Type-Options", "nosniff")
_RANGES: Field = ("Accept-Ranges", "bytes")

#: Fields that a 304 repeats where the 200 has them (RFC 9110 section 15.4.5).
OF_304 = frozenset({"cache-control", "content-location", "expires", "vary"})
#: Fields that only the table itself may set.
_OURS = frozenset(
    (
        "content-length", "content-range", "content-encoding", "etag", "last-modified",
        "accept-ranges", "vary", "date",
    )
)  # fmt: skip


class FieldRules:
    """What the options say about a file's fields, checked once.

    immutable: paths (below their prefix) that a manifest lists.
    kind: the media type of every file; None looks extensions up.
    Raises OptionError for a field that must not be sent.
    """

    def __init__(
        self,
        options: StaticOptions,
        immutable: frozenset[str] = frozenset(),
        kind: str | None = None,
    ) -> None:
        self._kind = None if kind is None else _checked("type", [("Content-Type", kind)])[0]
        self.charset = options.charset
        self.types = {name.lower().lstrip("."): value for name, value in options.types}
        self._extra = _checked("headers", options.headers)
        self._named = frozenset(name.lower() for name, _ in self._extra)
        if "content-type" in self._named:
            raise OptionError("headers: Content-Type is what the types of the files say")
        # "EVIL.HTML" has the type of "evil.html", so it must not escape a glob for it.
        self._attachment = _globs(options.attachment, re.IGNORECASE)
        self._immutable = _globs(options.immutable)
        self._listed = immutable
        self._cache = [(_glob(glob), _cache_field(value)) for glob, value in options.cache_control]
        self._default = () if options.max_age is None else (
            _cache_field(f"max-age={options.max_age}"),)  # fmt: skip
        self._never_ends = _cache_field(IMMUTABLE)
        self._types: dict[str, Field] = {}
        _checked("types", [("Content-Type", value) for value in self.types.values()])
        _checked("charset", [("Content-Type", f"text/plain; charset={options.charset}")])

    def type_field(self, path: str) -> Field:
        """Write the ``Content-Type`` of a path; equal ones are one object."""
        if self._kind is not None:
            return self._kind
        name = path.rpartition("/")[2]
        stem, _, extension = name.rpartition(".")
        key = extension if stem else ""
        found = self._types.get(key)
        if found is None:
            kind = content_type(name, self.charset, self.types)
            found = self._types[key] = ("Content-Type", kind)
        return found

    def fields_for(self, path: str) -> list[Field]:
        """List the fields of a path that do not depend on its content."""
        fields = [*self.cache_fields(path), _RANGES, _NOSNIFF]
        if self._attachment is not None and self._attachment(path):
            name = path.rpartition("/")[2]
            fields.append(("Content-Disposition", content_disposition(name)))
        if self._extra:  # a field that was asked for is sent in the place of ours
            kept = [field for field in fields if field[0].lower() not in self._named]
            return kept + self._extra
        return fields

    def cache_fields(self, path: str) -> tuple[Field, ...]:
        """Decide the ``Cache-Control`` of a path: the first rule that matches."""
        for matches, cache_field in self._cache:
            if matches(path):
                return (cache_field,)
        if path in self._listed or (self._immutable is not None and self._immutable(path)):
            return (self._never_ends,)
        return self._default


def _glob(glob: str, flags: int = 0) -> Any:
    """Compile a glob; one without a slash matches the last segment, as a shell's does."""
    pattern = translate(glob.lstrip("/"))
    return re.compile(pattern if "/" in glob else rf"(?s:.*/)?{pattern}", flags).match


def _globs(globs: tuple[str, ...], flags: int = 0) -> Any:
    if not globs:
        return None
    tests = [_glob(glob, flags) for glob in globs]
    return lambda path: any(test(path) for test in tests)


def _cache_field(value: str) -> Field:
    try:
        return ("Cache-Control", check_value(value))
    except FieldError as error:
        raise OptionError(f"cache_control: {error}") from None


def _checked(option: str, fields: Any) -> list[Field]:
    try:
        checked = check_fields(fields)
    except FieldError as error:
        raise OptionError(f"{option}: {error}") from None
    for name, _ in checked:
        if name.lower() in _OURS:
            raise OptionError(f"{option}: {name} is made from the file itself")
    return checked


def read_manifest(path: str | Path) -> Mapping[str, str]:
    """Read a manifest: plain name -> hashed name, both below the prefix.

    Raises OptionError where there is none or it is not one.
    """
    import json

    try:
        held = json.loads(Path(path).read_text(encoding="utf-8"))
        files = held["files"]
        texts = all(isinstance(text, str) for pair in files.items() for text in pair)
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        texts = False
    if not texts:
        raise OptionError(f"manifest: cannot be read as one: {str(path)!r}")
    return dict(files)
