"""Find the operation of a request: by server, path template and method."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import urlsplit

from tropea.openapi.operations import Operation
from tropea.openapi.schemas import contents
from tropea.openapi.security import Verifier
from tropea.openapi.sources import host_of, text_of_path
from tropea.openapi.specification import Specification, operations_of
from tropea.openapi.templates import Templates

_VARIABLE = re.compile(r"\{([^{}]+)\}")


class Server:
    """One server of a description: a path that others begin with, and perhaps a host.

    Variables stand for one of their values, or for any text without a slash.
    """

    def __init__(self, facts: Mapping[str, Any]) -> None:
        variables = facts.get("variables", {})
        url = str(facts.get("url", "/"))
        marks: list[str] = []

        def mark(match: re.Match[str]) -> str:
            values = variables.get(match[1], {}).get("enum")
            marks.append("|".join(map(re.escape, values)) if values else "[^/]{1,255}")
            return f"\x00{len(marks) - 1}\x00"

        parts = urlsplit(_VARIABLE.sub(mark, url))
        self.scheme = parts.scheme
        self._host = self._pattern(parts.netloc.lower(), marks) if parts.netloc else None
        self._path = self._pattern(parts.path.rstrip("/"), marks)

    @staticmethod
    def _pattern(text: str, marks: list[str]) -> Any:
        pieces = text.split("\x00")
        pieces[::2] = map(re.escape, pieces[::2])
        pieces[1::2] = [f"(?:{marks[int(number)]})" for number in pieces[1::2]]
        return re.compile("".join(pieces)).match

    def rest(self, path: str) -> str | None:
        """Return what follows the server's path; None where *path* does not begin with it."""
        match = self._path(path)
        if match is None or path[match.end() : match.end() + 1] not in {"/", ""}:
            return None
        return path[match.end() :]

    def is_at(self, environ: dict[str, Any]) -> bool:
        """Tell whether scheme and host are the server's."""
        if self._host is None:
            return True
        host = host_of(environ)
        match = self._host(host)
        same = match is not None and match.end() == len(host)
        return same and environ.get("wsgi.url_scheme", "http") == (self.scheme or "http")


class Router:
    """The operations of a description, each made once.

    check_servers: whether a request has to come to a server of the description; elsewhere, and
        that is the usual case behind a proxy, a path below any server's path, or below the place
        where the application is mounted, will do.
    """

    def __init__(
        self, spec: Specification, verifiers: Mapping[str, Verifier], *, check_servers: bool
    ) -> None:
        self._check = check_servers
        self.servers = [Server(facts) for facts in spec.document.get("servers") or [{"url": "/"}]]
        paths = [path for path in spec.document.get("paths", {}) if path.startswith("/")]
        self._templates = Templates(paths)
        self._operations: dict[str, dict[str, Operation]] = {}
        self._servers: dict[str, list[Server]] = {}
        for path in paths:
            facts = contents(spec.root / "paths" / path)
            self._operations[path] = {
                method: Operation(spec, path, method, place, verifiers)
                for method, place in operations_of(facts)
            }
            if facts.get("servers"):
                self._servers[path] = [Server(server) for server in facts["servers"]]

    def find(
        self, environ: dict[str, Any]
    ) -> tuple[Operation | None, Mapping[str, str], tuple[str, ...]]:
        """Return the operation and its path's values; without one, the methods there are.

        Where there are no methods either, the description has no such path.
        """
        method = environ.get("REQUEST_METHOD", "GET")
        allowed: dict[str, None] = {}
        for template, values in self._matches(environ):
            operations = self._operations[template]
            operation = operations.get(method)
            if operation is None and method == "HEAD":
                operation = operations.get("GET")
            if operation is not None:
                return operation, values, ()
            allowed.update(dict.fromkeys(operations))
            if "GET" in operations:
                allowed["HEAD"] = None
        return None, {}, tuple(sorted(allowed))

    def _matches(self, environ: dict[str, Any]) -> Iterator[tuple[str, Mapping[str, str]]]:
        try:
            below = text_of_path(environ.get("PATH_INFO", "")) or "/"
            whole = text_of_path(environ.get("SCRIPT_NAME", "")) + below
        except ValueError:
            return
        tried: set[str] = set()
        servers = [server for server in self.servers if not self._check or server.is_at(environ)]
        for server in servers:
            for path in (whole, below):
                rest = server.rest(path)
                if rest is not None and rest not in tried and not (self._check and path != whole):
                    tried.add(rest)
                    yield from self._known(rest or "/", own=False)
        if not self._check and below not in tried:
            yield from self._known(below, own=False)
        for path, own in self._servers.items():
            for server in own:
                rest = server.rest(whole)
                if rest is not None and (not self._check or server.is_at(environ)):
                    yield from (found for found in self._known(rest, own=True) if found[0] == path)

    def _known(self, path: str, *, own: bool) -> Iterator[tuple[str, Mapping[str, str]]]:
        for template, values in self._templates.find(path):
            if own or not (self._check and template.text in self._servers):
                yield template.text, values
