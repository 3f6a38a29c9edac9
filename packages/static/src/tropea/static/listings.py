"""List a folder for people (HTML) and for programs (JSON)."""

from __future__ import annotations

import json
from base64 import b64encode
from collections.abc import Callable, Mapping, Sequence
from functools import cache
from html import escape
from typing import Any
from urllib.parse import parse_qs, quote

from tropea.core.dates import format_date
from tropea.core.entitytags import EntityTag
from tropea.core.preconditions import Representation, Verdict, conditions_of, evaluate
from tropea.static.accepting import prefers_json
from tropea.static.answers import Answer, short
from tropea.static.digests import DIGITS, full_digest
from tropea.static.sources import Child

_COLUMNS = ("name", "size", "modified")
_STYLE = """
body { font: 1rem/1.5 system-ui, sans-serif; margin: 2rem auto; max-width: 50rem }
table { border-collapse: collapse; width: 100% }
th, td { padding: .2rem .6rem; text-align: left; overflow-wrap: anywhere }
td:nth-child(2) { text-align: right; white-space: nowrap }
"""
_HEAD = """<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{title}</title>
<style>{style}</style>
</head>
<body>
<h1>{title}</h1>
<table>
<thead><tr>{columns}</tr></thead>
<tbody>
"""
_TAIL = "</tbody>\n</table>\n</body>\n</html>\n"


def sort_children(children: Sequence[Child], column: str, *, descending: bool) -> list[Child]:
    """Sort a listing, folders first.

    >>> sort_children([Child("b", False, 1), Child("a", False, 2)], "size", descending=True)
    [Child(name='a', is_folder=False, size=2, modified=None), Child(name='b', ...)]
    """
    keys: dict[str, Callable[[Child], Any]] = {
        "name": lambda child: child.name,
        "size": lambda child: (child.size, child.name),
        "modified": lambda child: (child.modified or 0, child.name),
    }
    ordered = sorted(children, key=keys[column], reverse=descending)
    return sorted(ordered, key=lambda child: not child.is_folder)


def as_json(children: Sequence[Child]) -> bytes:
    """Write a listing for programs: names, kinds, bytes, seconds since the epoch."""
    lines = [
        {"name": child.name, "type": "folder"}
        if child.is_folder
        else {
            "name": child.name,
            "type": "file",
            "size": child.size,
            "modified": None if child.modified is None else child.modified // 1_000_000_000,
        }
        for child in children
    ]
    return (json.dumps({"entries": lines}, ensure_ascii=True, indent=1) + "\n").encode()


def as_html(path: str, children: Sequence[Child], column: str, *, descending: bool) -> bytes:
    """Write a listing for people; every name is escaped, every link stays in its folder."""
    heads = []
    for name in _COLUMNS:
        order = "asc" if name != column or descending else "desc"
        heads.append(f'<th><a href="?sort={name}&amp;order={order}">{name.title()}</a></th>')
    title = escape(f"Index of {path}")
    parts = [_HEAD.format(title=title, style=_STYLE, columns="".join(heads))]
    if path != "/":
        parts.append('<tr><td><a href="../">../</a></td><td></td><td></td></tr>\n')
    parts += [_row(child) for child in children]
    parts.append(_TAIL)
    return "".join(parts).encode()


def _row(child: Child) -> str:
    slash = "/" if child.is_folder else ""
    link = f"./{quote(child.name, safe='')}{slash}"  # "./": a name never reads as a scheme
    size = "" if child.is_folder else str(child.size)
    when = "" if child.modified is None else format_date(child.modified // 1_000_000_000)
    name = escape(child.name)
    return f'<tr><td><a href="{link}">{name}{slash}</a></td><td>{size}</td><td>{when}</td></tr>\n'


class FolderListing:
    """The listing of one folder, made anew for each request.

    children: gives what the folder has now.
    """

    __slots__ = ("children",)

    def __init__(self, children: Callable[[], Sequence[Child]]) -> None:
        self.children = children

    def answer(self, environ: Mapping[str, Any], method: str) -> Answer:
        """Answer HTML or, where that is preferred, JSON."""
        query = parse_qs(environ.get("QUERY_STRING", "")[:200], errors="replace")
        column = query.get("sort", ["name"])[0]
        column = column if column in _COLUMNS else "name"
        descending = query.get("order", [""])[0] == "desc"
        children = sort_children(self.children(), column, descending=descending)
        if prefers_json(environ.get("HTTP_ACCEPT")):
            kind, body = "application/json", as_json(children)
        else:
            path = _shown(environ)
            kind = "text/html; charset=utf-8"
            body = as_html(path, children, column, descending=descending)
        etag = EntityTag(full_digest([body])[:DIGITS])
        held = [("ETag", str(etag)), ("Cache-Control", "no-cache"), ("Vary", "Accept")]
        conditions = conditions_of(environ)
        if conditions is not None:
            verdict = evaluate(conditions, Representation(etag), method)
            if verdict is Verdict.NOT_MODIFIED:
                return "304 Not Modified", held, []
            if verdict is Verdict.FAILED:
                return short("412 Precondition Failed", method, held[0])
        headers = [
            ("Content-Type", kind),
            ("Content-Length", str(len(body))),
            *held,
            ("Content-Security-Policy", _policy()),
            ("X-Content-Type-Options", "nosniff"),
        ]
        return "200 OK", headers, [] if method == "HEAD" else [body]


@cache
def _policy() -> str:
    """Let a listing load nothing but the one style sheet that it contains."""
    digest = b64encode(bytes.fromhex(full_digest([_STYLE.encode()]))).decode()
    return f"default-src 'none'; style-src 'sha256-{digest}'"


def _shown(environ: Mapping[str, Any]) -> str:
    path = f"{environ.get('SCRIPT_NAME', '')}{environ.get('PATH_INFO', '')}"
    return path.encode("latin-1", "replace").decode("utf-8", "replace")
