"""The pages of the inspector, and the same as data."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from wsgiref.types import WSGIEnvironment

from tropea.core.anatomy import Node
from tropea.core.ordering import kind_of
from tropea.inspector.applications import describe
from tropea.inspector.entering import closed, options_shown
from tropea.inspector.markup import Markup, button, join, page, table, tag
from tropea.inspector.measures import (
    memory_page,
    profile_page,
    profiles_data,
    profiles_of,
    profiles_page,
)
from tropea.inspector.pictures import rings
from tropea.inspector.records import Record
from tropea.inspector.requestpage import request_page

if TYPE_CHECKING:
    from tropea.inspector.middleware import InspectorMiddleware


@dataclass(frozen=True)
class View:
    """What a page is made from; base: the inspector's address."""

    inspector: InspectorMiddleware
    base: str
    environ: WSGIEnvironment
    nonce: str


def as_page(view: View, place: str) -> str | None:
    """Write the page at *place*, or None where there is none."""
    head, _, rest = place.partition("/")
    if head == "requests" and rest.isascii() and rest.isdigit() and len(rest) < 16:
        record = view.inspector.shelf.get(int(rest))
        if record is None:
            return None
        return page(
            f"{record['method']} {record['path']}", request_page(record), view.base, view.nonce
        )
    if head == "profiles" and rest:
        found = profile_page(view, rest)
        return None if found is None else page("Profile", found, view.base, view.nonce)
    pages = {"": home, "app": app_page, "profiles": profiles_page, "memory": memory_page}
    write = pages.get(place)
    return write and page("The onion", write(view), view.base, view.nonce)


def as_data(view: View, place: str, after: int) -> Any:
    """Return the same as plain data, or None where there is none."""
    inspector = view.inspector
    head, _, rest = place.partition("/")
    if head == "requests" and rest:
        number = int(rest) if rest.isascii() and rest.isdigit() and len(rest) < 16 else 0
        return inspector.shelf.get(number)
    if head == "requests":
        return {"requests": inspector.shelf.latest(100, after)}
    if place == "":
        return {
            "layers": node_data(inspector.tree),
            "lint": [str(f) for f in inspector.findings],
            **inspector.shelf.told(),
            "requests": inspector.shelf.latest(100),
        }
    if place == "app":
        return {
            title: [list(pair) for pair in pairs]
            for title, pairs in describe(inspector.tree, view.environ)
        }
    if place == "profiles":
        return profiles_data(view)
    return inspector.memory.data() if place == "memory" else None


def node_data(node: Node) -> Record:
    """Turn a layer and what is inside it into plain data."""
    return {
        "name": node.name,
        "distribution": node.distribution,
        "version": node.version,
        "kind": kind_of(node),
        "options": [list(pair) for pair in options_shown(node)],
        "closed": closed(node),
        "inner": [[place, node_data(inner)] for place, inner in node.inner],
    }


def home(view: View) -> list[Markup]:
    """The onion, what is wrong with it, and the last requests."""
    inspector = view.inspector
    chain, node = [inspector.tree], inspector.tree
    while len(node.inner) == 1:
        node = node.inner[0][1]
        chain.append(node)
    numbers = {id(n): place for place, n in enumerate(chain)}
    warned = [tag("li", finding) for finding in inspector.findings]
    latest = inspector.shelf.latest(100)
    lint = tag("section", tag("h2", "Out of place"), tag("ul", *warned), class_="warn")
    layers = tag("ol", _layer(inspector.tree, "", numbers), class_="layers")
    picture = tag("div", rings([n.name for n in chain], len(node.inner)))
    rows = tag(
        "tbody",
        *(_row(view, r) for r in latest),
        id="requests",
        data_last=latest[0]["id"] if latest else 0,
    )
    heads = (
        ("#", None),
        ("method", None),
        ("path", None),
        ("status", None),
        ("why", "wide"),
        ("ms", "number"),
    )
    head = tag("thead", tag("tr", *(tag("th", name, class_=kind) for name, kind in heads)))
    return [
        tag("h1", "The onion of this application"),
        lint
        if warned
        else tag("p", "Every layer that is known stands where it should.", class_="good"),
        tag("section", tag("div", picture, layers, class_="two")),
        tag(
            "section",
            tag("h2", "Last requests ", tag("small", "as of now", id="live")),
            tag("div", tag("table", head, rows, class_="list"), class_="scroll"),
            tag("p", "The page without script shows them when it is loaded anew.", class_="faint"),
            button(f"{view.base}clear", "Forget them"),
            button(f"{view.base}stop", "Take the probes out"),
        ),
    ]


def _layer(node: Node, place: str, numbers: dict[int, int]) -> Markup:
    number = numbers.get(id(node))
    told = f"{node.distribution} {node.version}".strip()
    parts: list[object] = [
        tag("span", place if number is None else number, class_="badge"),
        tag("b", node.name),
        " ",
    ]
    parts.append(tag("small", told))
    options = options_shown(node)
    if options:
        parts.append(tag("details", tag("summary", f"{len(options)} options"), table(options)))
    if closed(node):
        parts.append(tag("div", tag("small", "could not be entered: ", closed(node))))
    inner = [_layer(n, p, numbers) for p, n in node.inner]
    if len(inner) > 1:
        parts.append(tag("ol", *inner))
        inner = []
    return join([tag("li", *parts), *inner])


def _row(view: View, told: Record) -> Markup:
    asked = told["path"] + (f"?{told['query']}" if told["query"] else "")
    return tag(
        "tr",
        tag("td", tag("a", told["id"], href=f"{view.base}requests/{told['id']}")),
        tag("td", told["method"]),
        tag("td", asked),
        tag("td", told["status"] or told["error"], class_=_kind(told["status"])),
        tag("td", "; ".join(told["why"]), class_="wide faint"),
        tag("td", f"{told['milliseconds']:.2f}", class_="number"),
    )


def _kind(status: str) -> str:
    return "good" if "1" < status < "3" else "move" if "3" <= status < "4" else "bad"


def app_page(view: View) -> list[Markup]:
    """Routes, handlers, hooks, filters, configuration, variables, request and environ."""
    told = describe(view.inspector.tree, view.environ)
    return [
        tag("h1", "The application"),
        *(tag("section", tag("h2", t), table(pairs)) for t, pairs in told),
    ]


def as_file(view: View, place: str) -> bytes | None:
    """Return the profile at ``profiles/<name>.prof`` as a file, or None."""
    head, _, name = place.partition("/")
    if head != "profiles" or not name.endswith(".prof"):
        return None
    found = profiles_of(view).get(name[:-5])
    return None if found is None else found.dump()
