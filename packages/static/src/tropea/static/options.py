"""The options of serving static files, shared by the layer, the application and the ini file."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from tropea.core.errors import OptionError
from tropea.core.readers import duration, size
from tropea.static.optiontypes import (
    as_mounts,
    as_pairs,
    read_pairs,
    read_root,
    read_seconds,
)

#: Extension of a precompressed file -> its content coding.
CODINGS = {"br": "br", "zst": "zstd", "gz": "gzip"}

#: Seconds: what is not looked at for longer belongs into memory.
LONGEST_RECHECK = 60.0

_SIZE = {"read": size, "expects": "a size such as 256K"}
_PAIRS = {"read": read_pairs, "expects": "lines of 'name: value'"}
_SECONDS = {"read": read_seconds, "expects": "a time such as 5m, or none"}
_SHORT_TIME = {"read": duration, "expects": "a time such as 1s"}
_ROOT = {"read": read_root, "expects": "a folder"}


@dataclass(frozen=True)
class StaticOptions:
    """How a tree of files is served.

    root: a folder, ``package:name/folder``, ``zip:archive.zip``, a source object; several of
        them in order of precedence (an overlay); or a mapping of prefixes to them.
    prefix: of the URLs, whole segments.
    index: the file served for a folder; empty for none.
    listing: whether a folder without an index is listed (HTML, and JSON for who asks for it).
    fallback: the file, below the first prefix, that answers HTML requests for what is not
        there (single-page applications); empty for none.

    autorefresh: look at the files at each request (development).
    lazy: number of files known at once, found at request time instead of by a scan; 0 scans.
    recheck: seconds (60 at most) for which a look at a file that is not in memory is good: for
        answers without its bytes (304, HEAD), and for the original of a packed file.  0 looks
        for each; what is sent of a file is compared with it in any case.
    keep: bytes of the largest file that the scan holds in memory.
    memory: bytes that it holds in all, the smallest files first.
    hash_limit: bytes of the largest file whose ETag is a hash of its content, the same on every
        host; of larger files it is made of size and modification time.

    max_age: seconds of freshness where nothing else says so; None sends no Cache-Control.
    cache_control: pairs of a glob and a Cache-Control value; the first that matches counts.
    immutable: globs of files that never change under their name.
    manifest: a manifest that ``python -m tropea.static build`` wrote; what it lists is immutable.
    headers: further fields for every file; one of our own with the same name gives way.
    attachment: globs, in any case, of files that are downloaded, never shown.
    charset: of text files; empty for none.
    types: pairs of an extension and a media type, before our own table.
    codings: extensions of precompressed variants, ``br``, ``zst``, ``gz``.

    dotfiles: serve names that begin with a dot (``/.well-known/`` is served anyway).
    links: ``inside`` follows links that stay below their root, ``none`` none, ``all`` any.
    sendfile: ``X-Sendfile``, or ``X-Accel-Redirect: /internal/``, for a front server that sends
        the bytes itself; empty sends them here.
    document_root, document_index: PoorWSGI's names of ``root`` and ``listing``.
    """

    root: Any = field(default="", metadata=_ROOT)
    prefix: str = "/"
    index: str = "index.html"
    listing: bool = False
    fallback: str = ""
    autorefresh: bool = False
    lazy: int = 0
    recheck: float = field(default=0.0, metadata=_SHORT_TIME)
    keep: int = field(default=256 * 1024, metadata=_SIZE)
    memory: int = field(default=32 * 1024 * 1024, metadata=_SIZE)
    hash_limit: int = field(default=16 * 1024 * 1024, metadata=_SIZE)
    max_age: int | None = field(default=60, metadata=_SECONDS)
    cache_control: Any = field(default=(), metadata=_PAIRS)
    immutable: tuple[str, ...] = ()
    manifest: str | Path | None = None
    headers: Any = field(default=(), metadata=_PAIRS)
    attachment: tuple[str, ...] = ()
    charset: str = "utf-8"
    types: Any = field(default=(), metadata=_PAIRS)
    codings: tuple[str, ...] = ("br", "zst", "gz")
    dotfiles: bool = False
    links: Literal["inside", "none", "all"] = "inside"
    sendfile: str = ""
    document_root: str | Path | None = None
    document_index: bool | None = None

    mounts: tuple[tuple[str, tuple[Any, ...]], ...] = field(init=False, repr=False, default=())

    def __post_init__(self) -> None:
        _set(self, root=self.root or self.document_root or "")
        if not self.root:
            raise OptionError("needs the option 'root'")
        if self.document_index is not None:
            _set(self, listing=self.document_index)
        for name in ("cache_control", "headers", "types"):
            _set(self, **{name: as_pairs(getattr(self, name), name)})
        _set(self, mounts=as_mounts(self.root, self.prefix))
        for name in ("lazy", "keep", "memory", "hash_limit"):
            if getattr(self, name) < 0:
                raise OptionError(f"{name}: expected 0 or more, got {getattr(self, name)!r}")
        if not 0 <= self.recheck <= LONGEST_RECHECK:
            raise OptionError(f"recheck: expected 0 to 60 seconds, got {self.recheck!r}")
        for extension in self.codings:
            if extension not in CODINGS:
                raise OptionError(f"codings: expected some of br, zst, gz, got {extension!r}")
        if self.max_age is not None and self.max_age < 0:
            raise OptionError(f"max_age: expected 0 or more, got {self.max_age!r}")


def _set(options: StaticOptions, **values: Any) -> None:
    for name, value in values.items():
        object.__setattr__(options, name, value)
