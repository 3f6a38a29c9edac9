"""Write HTML in which everything is escaped unless it is Markup."""

from __future__ import annotations

from collections.abc import Iterable
from functools import cache
from html import escape
from importlib.resources import files
from string import Template


class Markup(str):
    """Text that is HTML already."""

    __slots__ = ()


def tag(name: str, *children: object, **attributes: object) -> Markup:
    """Write an element; ``class_`` is ``class``, ``_`` in names is ``-``, None is left out.

    >>> tag("a", "<b>", href="x?a&b", class_="one")
    '<a href="x?a&amp;b" class="one">&lt;b&gt;</a>'
    """
    told = "".join(
        f' {key.rstrip("_").replace("_", "-")}="{escape(str(value))}"'
        for key, value in attributes.items()
        if value is not None
    )
    return Markup(f"<{name}{told}>{join(children)}</{name}>")


def join(parts: Iterable[object]) -> Markup:
    """Put parts together, each escaped unless it is Markup."""
    return Markup("".join(p if isinstance(p, Markup) else escape(str(p)) for p in parts))


def table(pairs: Iterable[tuple[object, object]], empty: str = "nothing") -> Markup:
    """Write pairs as rows."""
    rows = [tag("tr", tag("th", k, scope="row"), tag("td", tag("code", v))) for k, v in pairs]
    return tag("table", *rows, class_="pairs") if rows else tag("p", empty, class_="faint")


def button(action: str, text: str) -> Markup:
    """Write a form of one button."""
    return tag("form", tag("button", text), method="post", action=action)


def page(title: str, body: Iterable[object], base: str, nonce: str, here: str = "") -> str:
    """Write a whole page; base: the address of the inspector, with its slash."""
    return _template("page.html").substitute(
        title=escape(title), base=escape(base), nonce=escape(nonce), body=join(body),
        here=escape(here),
    )  # fmt: skip


@cache
def _template(name: str) -> Template:
    return Template(resource(name))


@cache
def resource(name: str) -> str:
    """Read a file of ours."""
    return files(__package__).joinpath(name).read_text("utf-8")
