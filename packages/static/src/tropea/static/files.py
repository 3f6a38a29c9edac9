"""The files of a site, ready to be answered: what the layer and the application share."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from tropea.core.errors import OptionError
from tropea.static.answers import Answer
from tropea.static.entries import redirect
from tropea.static.fieldrules import FieldRules, read_manifest
from tropea.static.folders import FolderSource
from tropea.static.lookups import Lookup, Making, Mount
from tropea.static.options import StaticOptions
from tropea.static.origins import source_of
from tropea.static.paths import path_key
from tropea.static.tables import LiveTable, ScannedTable, answer

#: Entries that ``autorefresh`` keeps, to spare the hashing of what did not change.
REFRESHED = 1000


class StaticFiles:
    """Everything that options decide at start-up.

    table: what paths answer; replaced as a whole by ``rescan``.
    mounts: the sources, by prefix.
    manifest: plain name -> hashed name; empty without one.
    Raises OptionError where the options cannot be carried out.
    """

    table: ScannedTable | LiveTable

    def __init__(self, options: StaticOptions) -> None:
        self.options = options
        self.manifest = dict(read_manifest(options.manifest)) if options.manifest else {}
        rules = FieldRules(options, frozenset(self.manifest.values()))
        mounts = [
            Mount(prefix, tuple(source_of(root, options) for root in roots))
            for prefix, roots in options.mounts
        ]
        self.prefix = options.mounts[0][0]
        self.mounts = tuple(mounts)
        self._fallback = self.prefix + path_key(options.fallback.lstrip("/"))
        self._lookup = Lookup(self.mounts, Making(options, rules, self._front()))
        self.rescan()

    def _front(self) -> tuple[str, str] | None:
        """Read the option ``sendfile``; refuse what a front server could not tell apart."""
        front = read_front(self.options.sendfile)
        folders = {source.root for _, sources in self.mounts for source in sources
                   if isinstance(source, FolderSource)}  # fmt: skip
        if front is not None and front[1] and len(folders) > 1:
            raise OptionError(
                "sendfile: X-Accel-Redirect names files of one folder, not of several"
            )
        return front

    def rescan(self) -> None:
        """Look at all sources again; requests see the old table until the new one is ready."""
        options = self.options
        if options.autorefresh:
            self.table = LiveTable(self._lookup, bound=REFRESHED, always=True)
        elif options.lazy:
            self.table = LiveTable(self._lookup, bound=options.lazy, always=False)
        else:
            self.table = ScannedTable(self._lookup)
            if options.fallback and self.table.get(self._fallback) is None:
                raise OptionError(f"fallback: no such file: {options.fallback!r}")

    def answer(self, environ: Mapping[str, Any], method: str) -> Answer | None:
        """Answer GET or HEAD; None where there is nothing for the path."""
        return answer(self.table, environ, method)

    def without_slash(self, environ: Mapping[str, Any], method: str) -> Answer | None:
        """Redirect ``/file/`` to ``/file``; None where there is no such file."""
        path_info = environ.get("PATH_INFO", "")
        bare = path_info[:-1]
        if path_info[-1:] != "/" or bare[-1:] in {"/", ""} or self.table.get(bare) is None:
            return None
        return redirect(environ, method, bare)

    def fallback(self, environ: Mapping[str, Any], method: str) -> Answer | None:
        """Answer the fallback page for an HTML request below its prefix; None for others."""
        from tropea.core.fields import add_vary
        from tropea.static.accepting import wants_html

        options, path_info = self.options, environ.get("PATH_INFO", "")
        if not options.fallback or not wants_html(environ.get("HTTP_ACCEPT")):
            return None
        if not path_info.startswith(self.prefix):
            return None
        found = self.answer({**environ, "PATH_INFO": self._fallback}, method)
        if found is not None:
            add_vary(found[1], "Accept")
        return found

    def url(self, name: str, script_name: str = "") -> str:
        """Write the URL of a file, by its hashed name where the manifest has one.

        Raises MissingAsset where a manifest does not list *name*.
        """
        from urllib.parse import quote

        from tropea.static.assets import asset_path

        prefix = quote(self.prefix, safe="/~", encoding="latin-1")
        return script_name + prefix + asset_path(self.manifest, name)


def read_front(text: str) -> tuple[str, str] | None:
    """Read the option ``sendfile``: the field's name and what stands before the path in it.

    >>> read_front("X-Sendfile"), read_front("X-Accel-Redirect: /internal/")
    (('X-Sendfile', ''), ('X-Accel-Redirect', '/internal/'))
    """
    if not text:
        return None
    name, _, prefix = text.partition(":")
    name, prefix = name.strip(), prefix.strip()
    known = {"x-sendfile": "X-Sendfile", "x-accel-redirect": "X-Accel-Redirect"}
    accel = name.lower() == "x-accel-redirect"
    if name.lower() not in known or bool(prefix) != accel or (accel and prefix[:1] != "/"):
        raise OptionError(
            f"sendfile: expected 'X-Sendfile' or 'X-Accel-Redirect: /internal/', got {text!r}"
        )
    return known[name.lower()], f"{prefix.rstrip('/')}/" if accel else ""
