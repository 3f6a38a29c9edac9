"""The page of an error, for its developer: HTML of our own, everything in it escaped."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import cache
from html import escape
from importlib.resources import files
from string import Template
from typing import Any
from urllib.parse import quote

from tropea.core.anatomy import Node
from tropea.core.redaction import Redactor
from tropea.errors.frames import Frame, Link, as_text, chain

Pairs = Iterable[tuple[str, str]]


def debug_page(
    error: BaseException,
    environ: Mapping[str, Any],
    layers: Iterable[Node],
    editor: str,
    nonce: str,
) -> str:
    """Write the page.

    layers: of the stack inside the debug layer, outermost first.
    editor: an address with ``{file}`` and ``{line}`` that opens the developer's editor, or "".
    nonce: of the page's Content-Security-Policy.
    """
    redactor = Redactor(environ)
    links = chain(error, redactor)
    return _page().substitute(
        nonce=escape(nonce),
        title=escape(f"{links[0].name}: {links[0].message}"[:200]),
        name=escape(links[0].name),
        message=escape(links[0].message),
        where=escape(f"{environ.get('REQUEST_METHOD', '')} {environ.get('PATH_INFO', '')}"),
        chain="".join(_link(link, editor) for link in links),
        request=_table(_request(environ, redactor)),
        layers="".join(map(_layer, layers)),
        environ=_table(redactor.items(environ)),
        text=escape(as_text(error, redactor)),
    )


def _request(environ: Mapping[str, Any], redactor: Redactor) -> Pairs:
    names = ("REQUEST_METHOD", "SCRIPT_NAME", "PATH_INFO", "QUERY_STRING", "CONTENT_TYPE",
             "CONTENT_LENGTH", "REMOTE_ADDR", "HTTP_HOST")  # fmt: skip
    fields = [name for name in environ if name.startswith("HTTP_") and name != "HTTP_HOST"]
    return [(n, redactor.show(environ[n], n)) for n in (*names, *sorted(fields)) if n in environ]


def _link(link: Link, editor: str) -> str:
    relation = f'<p class="relation">{escape(link.relation)}</p>' if link.relation else ""
    notes = "".join(f"<p class=note>{escape(note)}</p>" for note in link.notes)
    frames = "".join(
        _frame(frame, editor, opened=place == len(link.frames) - 1)
        for place, frame in enumerate(link.frames)
    )
    return (
        f"<section>{relation}<h2>{escape(link.name)}</h2>"
        f"<p class=message>{escape(link.message)}</p>{notes}{frames}</section>"
    )


def _frame(frame: Frame, editor: str, *, opened: bool) -> str:
    place = escape(f"{frame.file}:{frame.line}")
    if editor and frame.file[:1] != "<":
        target = editor.replace("{file}", quote(frame.file)).replace("{line}", str(frame.line))
        place = f'<a href="{escape(target)}">{place}</a>'
    lines = "".join(
        f'<span class="{"here" if number == frame.line else "line"}">'
        f"<i>{number}</i>{escape(text) or ' '}</span>"
        for number, text in frame.lines
    )
    source = f"<pre>{lines}</pre>" if lines else "<p>The source is not here.</p>"
    return (
        f'<details class="{"library" if frame.is_library else "own"}"{" open" if opened else ""}>'
        f"<summary><b>{escape(frame.function)}</b> <span>{place}</span></summary>"
        f"{source}{_table(frame.variables)}</details>"
    )


def _layer(node: Node) -> str:
    version = f" {node.version}" if node.version else ""
    told = f"{node.distribution}{version}" if node.distribution else ""
    return f"<li><b>{escape(node.name)}</b> <span>{escape(told)}</span>{_table(node.options)}</li>"


def _table(pairs: Pairs) -> str:
    rows = "".join(
        f"<tr><th>{escape(name)}</th><td><code>{escape(value)}</code></td></tr>"
        for name, value in pairs
    )
    return f"<table>{rows}</table>" if rows else ""


@cache
def _page() -> Template:
    return Template(files(__package__).joinpath("debugpage.html").read_text("utf-8"))
