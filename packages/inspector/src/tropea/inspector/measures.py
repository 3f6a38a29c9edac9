"""The pages of profiles and of memory, and the same as data."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

from tropea.inspector.hiding import Hider
from tropea.inspector.markup import Markup, button, table, tag
from tropea.inspector.pictures import flame
from tropea.inspector.profiles import IMPORTS, Profile, shelves_in

if TYPE_CHECKING:
    from tropea.inspector.views import View


def profiles_of(view: View) -> dict[str, Profile]:
    """Return the profiles by the name that each has in an address: the whole ones first."""
    found: dict[str, Profile] = {}
    for place, shelf in enumerate(shelves_in(view.inspector.tree)):
        mark = f"{place}-" if place else ""
        if shelf.whole is not None:
            found[f"{mark}all"] = shelf.whole()
        found.update({f"{mark}{profile.number}": profile for profile in shelf.latest()})
    found.update({f"import-{profile.number}": profile for profile in IMPORTS.latest()})
    return found


def profiles_data(view: View) -> dict[str, Any]:
    """Return all profiles as plain data."""
    hider = Hider(view.environ)
    return {"profiles": [_told(n, found, hider) for n, found in profiles_of(view).items()]}


def _told(name: str, found: Profile, hider: Hider) -> dict[str, Any]:
    told = found.told()
    return {**told, "address": f"profiles/{name}", "path": hider.scrub(told["path"])}


def profiles_page(view: View) -> list[Markup]:
    """The profiles that a ProfilerMiddleware of this stack keeps, and those of imports."""
    hider = Hider(view.environ)
    rows = [
        tag(
            "tr",
            tag("td", tag("a", name, href=f"{view.base}profiles/{name}")),
            tag("td", hider.scrub(f"{p.method} {p.path}")),
            tag("td", p.how),
            tag("td", f"{p.seconds * 1000:.2f}", class_="number"),
        )
        for name, p in profiles_of(view).items()
    ]
    names = (("profile", None), ("of", None), ("how", None), ("ms", "number"))
    head = tag("thead", tag("tr", *(tag("th", name, class_=kind) for name, kind in names)))
    none = tag("p", "No ProfilerMiddleware in this stack has profiled a request.", class_="faint")
    shown = tag("table", head, tag("tbody", *rows), class_="list") if rows else none
    return [tag("h1", "Profiles"), tag("section", tag("div", shown, class_="scroll"))]


def profile_page(view: View, name: str) -> list[Markup] | None:
    """One profile: its flame and its top functions; None where it is not there."""
    found = profiles_of(view).get(name)
    if found is None:
        return None
    word = "calls" if found.how == "calls" else "samples"
    rows = [
        (name, f"{own * 1000:.3f} ms own, {total * 1000:.3f} ms in all, {calls} {word}")
        for name, calls, own, total in found.top()
    ]
    link = tag("a", "The profile as a file", href=f"{view.base}profiles/{name}.prof")
    exact = "An estimate: a function's time is shared among its callers."
    return [
        tag("h1", Hider(view.environ).scrub(f"{found.method} {found.path}")),
        tag("p", f"{found.seconds * 1000:.3f} ms, by {found.how}. ", link),
        tag(
            "section",
            tag("h2", "As a flame"),
            tag("div", flame(found.boxes()), class_="scroll"),
            "" if found.stacks is not None else tag("p", exact, class_="faint"),
        ),
        tag("section", tag("h2", "Top functions"), table(rows)),
    ]


def memory_page(view: View) -> list[Markup]:
    """Where memory is held, as tracemalloc saw it, and what differs from the mark."""
    found = view.inspector.memory.data()
    if not found["tracing"]:
        told = "Noting every allocation slows the whole application down while it lasts."
        begin = button(f"{view.base}memory/start", "Start")
        return [tag("h1", "Memory"), tag("section", tag("p", told), begin)]
    facts = tag(
        "div",
        tag("div", tag("span", "bytes held"), tag("b", f"{found['bytes']:,}")),
        tag("div", tag("span", "at most"), tag("b", f"{found['peak']:,}")),
        class_="facts",
    )
    since = found["since"]
    when = "" if since is None else time.strftime("%H:%M:%S", time.localtime(since))
    changed = [
        (r["place"], f"{r['bytes']:+,} bytes, {r['blocks']:+,} blocks") for r in found["changed"]
    ]
    rows = [(r["place"], f"{r['bytes']:,} bytes in {r['blocks']:,} blocks") for r in found["top"]]
    return [
        tag("h1", "Memory"),
        facts,
        button(f"{view.base}memory/mark", "Compare with now"),
        button(f"{view.base}memory/stop", "Stop"),
        tag("section", tag("h2", f"Since {when}"), table(changed)) if when else Markup(""),
        tag("section", tag("h2", "Held now"), table(rows)),
    ]
