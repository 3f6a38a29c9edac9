"""Answer one request with one file, as a response object."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from functools import lru_cache
from typing import Any

from tropea.core.options import read_options
from tropea.static.answers import Answer, short
from tropea.static.dispositions import content_disposition
from tropea.static.errors import Stale
from tropea.static.fieldrules import FieldRules
from tropea.static.folders import FolderSource
from tropea.static.lookups import Lookup, Making
from tropea.static.options import StaticOptions
from tropea.static.paths import path_key, read_path
from tropea.static.sources import Source
from tropea.static.tables import ATTEMPTS
from tropea.static.trusted import TrustedFiles

_TRUSTED = TrustedFiles()


def serve_static_file(
    request: Any,
    path: str | os.PathLike[str],
    *,
    root: str | os.PathLike[str] | None = None,
    type: str | None = None,
    charset: str = "utf-8",
    download: str | bool = False,
    cache_control: str | None = None,
    headers: Mapping[str, str] | Iterable[tuple[str, str]] = (),
) -> Any:
    """Answer a request with one file: conditions, ranges and HEAD as for a whole tree.

    The tag is made of size and modification time; packed variants beside the file are used.

    request: a request object or an environ.
    path: of the file; trusted where *root* is None, else looked up below it by all the rules.
    type: the Content-Type; None looks the extension up.
    download: True, or the name to offer, makes it an attachment.
    cache_control: of the answer; None sends none.
    Returns a Response; 404 where there is no such file, 405 for other methods.
    Raises OptionError for a *type*, *cache_control* or header that must not be sent.
    """
    environ = request if isinstance(request, dict) else request.environ
    method = environ.get("REQUEST_METHOD", "GET")
    pairs = tuple(headers.items() if isinstance(headers, Mapping) else headers)
    if download:
        name = download if isinstance(download, str) else os.path.basename(os.fsdecode(path))  # noqa: PTH119
        pairs += (("Content-Disposition", content_disposition(name)),)
    lookup = _lookup(type, charset, cache_control, pairs)
    if method not in {"GET", "HEAD"}:
        return as_response(short("405 Method Not Allowed", method, ("Allow", "GET, HEAD")))
    found = None
    source, inside = _place(path, root)
    if source is not None:
        found = _answer(lookup, source, inside, environ, method)
    return as_response(found or short("404 Not Found", method))


def as_response(answer: Answer) -> Any:
    """Make a response object of an answer."""
    from tropea.core.response import Response

    status, headers, body = answer
    return Response(status=status, headerlist=headers, app_iter=body)


def _place(
    path: str | os.PathLike[str], root: str | os.PathLike[str] | None
) -> tuple[Source | None, str]:
    """Decide where a file is looked for; no source where the path is refused."""
    text = os.fsdecode(path)
    if root is None:
        return _TRUSTED, os.path.abspath(text)  # noqa: PTH100
    asked = read_path(path_key(text.replace(os.sep, "/").removeprefix("/")))
    if asked is None or asked.is_folder or not os.path.isdir(root):  # noqa: PTH112
        return None, ""
    return FolderSource(root, handles=0), "/".join(asked.segments)


@lru_cache(maxsize=256)
def _lookup(
    type: str | None, charset: str, cache_control: str | None, pairs: tuple[tuple[str, str], ...]
) -> Lookup:
    """Check what the caller wants to send; the same wishes are checked once."""
    wishes: dict[str, Any] = {"root": ".", "max_age": None, "charset": charset, "headers": pairs}
    if cache_control is not None:
        wishes["cache_control"] = {"*": cache_control}
    options = read_options(StaticOptions, (), wishes, where="serve_static_file")
    return Lookup([], Making(options, FieldRules(options, kind=type), None))


def _answer(
    lookup: Lookup, source: Source, path: str, environ: Mapping[str, Any], method: str
) -> Answer | None:
    for _ in range(ATTEMPTS):
        found = source.find(path)
        if found is None:
            return None
        try:
            entry = lookup.file_of(source, found, hashed=False)
            return None if entry is None else entry.answer(environ, method)
        except Stale:
            continue  # it changed between the look and the opening
    return None
