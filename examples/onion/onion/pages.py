"""HTML pages from ``string.Template`` files in which everything is escaped that is not Html.

>>> render("<b>$name</b>", name="<Ada>")
Html('<b>&lt;Ada&gt;</b>')
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import cache
from html import escape
from importlib.resources import files
from string import Template


class Html(str):
    """Text that is HTML already."""

    __slots__ = ()

    def __repr__(self) -> str:
        return f"Html({str(self)!r})"


def quoted(value: object) -> str:
    """Escape *value* for HTML text and attribute values, unless it is Html."""
    return value if isinstance(value, Html) else escape(str(value))


def render(template: str, **values: object) -> Html:
    """Fill a template's ``$names``; a missing one is a KeyError, never an empty place."""
    return Html(Template(template).substitute({n: quoted(v) for n, v in values.items()}))


def fill(name: str, **values: object) -> Html:
    """Fill the template file *name*."""
    return render(_template(name), **values)


def each(template: str, rows: Iterable[dict[str, object]]) -> Html:
    """Fill *template* once for every row, and join."""
    return Html("".join(render(template, **row) for row in rows))


@cache
def _template(name: str) -> str:
    return files("onion").joinpath("templates", name).read_text("utf-8")
