"""Name assets by their hashed names: what ``static_url`` and the table ask a manifest."""

from __future__ import annotations

import weakref
from collections.abc import Mapping
from difflib import get_close_matches
from typing import Any
from urllib.parse import quote

from tropea.static.errors import MissingAsset, StaticError

#: What was built with a manifest in this process, the latest last.
_built: list[weakref.ref[Any]] = []


def register(files: Any) -> None:
    """Let ``static_url`` know of files with a manifest, for as long as they are in use."""
    _built[:] = [known for known in _built if known() is not None]
    _built.append(weakref.ref(files))


def asset_path(manifest: Mapping[str, str], name: str) -> str:
    """Spell the path of *name* below its prefix, percent-encoded.

    Without a manifest it is the name itself.
    Raises MissingAsset where a manifest does not list *name*.

    >>> asset_path({"app.css": "app.1f2e3d.css"}, "app.css")
    'app.1f2e3d.css'
    """
    name = name.lstrip("/")
    if manifest:
        if name not in manifest:
            near = get_close_matches(name, list(manifest), n=1)
            hint = f"; did you mean {near[0]!r}?" if near else ""
            raise MissingAsset(f"the manifest has no asset {name!r}{hint}")
        name = manifest[name]
    return quote(name, safe="/~")


def static_url(name: str, request: Any = None) -> str:
    """Write the URL of an asset by its plain name: ``static_url("app.css")``.

    The middleware or server built last with a manifest answers; those before it are asked for
    what it does not list.
    request: a request object or an environ, whose ``SCRIPT_NAME`` leads the URL.
    Raises MissingAsset where no manifest lists *name*, StaticError where there is no manifest.
    """
    environ = getattr(request, "environ", request) or {}
    script_name = quote(environ.get("SCRIPT_NAME", ""), encoding="latin-1")
    problem: StaticError | None = None
    for known in reversed(_built):
        files = known()
        if files is None:
            continue
        try:
            url: str = files.url(name, script_name)
        except MissingAsset as error:
            problem = problem or error
        else:
            return url
    raise problem or StaticError("no static files with a manifest are in use")
