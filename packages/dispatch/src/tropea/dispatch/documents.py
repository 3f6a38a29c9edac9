"""PoorWSGI's document root: files that are served where no route takes the path.

Serving files is the business of ``tropea-static``.  No package imports a sibling, so its server is
asked for as any program would that reads an ini file: as the Paste application that the installed
distribution names in its metadata.  Where it is not installed, setting a root says so.
"""

from __future__ import annotations

from collections.abc import Callable
from importlib.metadata import PackageNotFoundError, distribution
from os import PathLike, fspath
from typing import Any
from wsgiref.types import WSGIApplication

from tropea.core.closing import close

from .errors import RouteError

_SERVER = "tropea-static"
_READING = ("GET", "HEAD")


def file_server(root: str | PathLike[str], *, listing: bool = False) -> WSGIApplication:
    """Return the application that serves the files below *root*.

    Raises RouteError where no server of files is installed, and its own error for a wrong root.
    """
    try:
        found = distribution(_SERVER).entry_points.select(group="paste.app_factory", name="main")
    except PackageNotFoundError:
        found = ()  # type: ignore[assignment] # as empty as one without an entry
    for entry in found:
        made: WSGIApplication = entry.load()(
            {}, document_root=fspath(root), document_index=str(listing).lower()
        )
        return made
    raise RouteError(
        f"document_root needs {_SERVER}, which is not installed: pip install {_SERVER}"
    )


def files_first(files: WSGIApplication, otherwise: Callable[[Any], Any]) -> Callable[[Any], Any]:
    """Return a handler that answers with a file, or as *otherwise* does where there is none."""
    from tropea.core.response import Response

    def handler(request: Any) -> Any:
        found = Response.from_wsgi(files, request.environ)
        if found.status_code != 404:
            return found
        close(found.app_iter)
        return otherwise(request)

    return handler


def serves(method: str, allowed: object) -> bool:
    """Tell whether a file may answer: a request that reads, for a path that no route has."""
    return allowed is None and method in _READING
