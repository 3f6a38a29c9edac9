"""Turn what the options call a root into a source."""

from __future__ import annotations

import os
from typing import Any

from tropea.core.errors import OptionError
from tropea.static.folders import FolderSource
from tropea.static.options import StaticOptions
from tropea.static.sources import Source


def source_of(root: Any, options: StaticOptions) -> Source:
    """Make the source that *root* stands for.

    A source object is itself; ``package:name/folder`` is a folder among a package's data;
    ``zip:archive.zip`` an archive that is not unpacked; everything else a folder.
    Raises OptionError where it is not there.
    """
    if hasattr(root, "scan") and hasattr(root, "open"):
        source: Source = root
        return source
    if not isinstance(root, (str, os.PathLike)):
        raise OptionError(f"root: expected a folder or a source, got {root!r}")
    text = os.fspath(root)
    kind, colon, rest = str(text).partition(":")
    if colon and kind == "package":
        from tropea.static.packages import package_source

        package, _, folder = rest.partition("/")
        return package_source(package, folder, dotfiles=options.dotfiles)
    if colon and kind == "zip":
        from tropea.static.archives import ZipSource

        return ZipSource(rest, dotfiles=options.dotfiles)
    # Where every request looks afresh, no handle may keep a replaced folder alive.
    handles = 0 if options.autorefresh or options.lazy else 64
    return FolderSource(text, links=options.links, dotfiles=options.dotfiles, handles=handles)
