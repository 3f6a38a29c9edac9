"""The page of one request: its numbers, its pictures, and what each layer did to it."""

from __future__ import annotations

import time

from tropea.inspector.markup import Markup, table, tag
from tropea.inspector.pictures import Box, bar, flame
from tropea.inspector.records import Record


def request_page(record: Record) -> list[Markup]:
    """One request: its numbers, its pictures, and what each layer did to it."""
    visits = record["visits"]
    whole = max([record["milliseconds"], *(s["ended"] for s in record["spans"]), 0.001])
    when = time.strftime("%H:%M:%S", time.localtime(record["at"]))
    facts = [
        ("status", record["status"] or record["error"]),
        ("milliseconds", f"{record['milliseconds']:.3f}"),
        ("bytes", record["size"]),
        ("route", record["route"] or "none told"),
        ("arguments", record["arguments"] or "none"),
        ("at", when),
    ]
    asked = record["path"] + (f"?{record['query']}" if record["query"] else "")
    why = _why(record)
    return [
        tag("h1", f"{record['id']}: {record['method']} {asked}"),
        tag("div", *(tag("div", tag("span", n), tag("b", v)) for n, v in facts), class_="facts"),
        tag("section", tag("h2", "Why"), tag("ul", *why, class_="why")) if why else Markup(""),
        tag("section", tag("h2", "In and out"), *_waterfall(record, whole)),
        tag("section", tag("h2", "As a flame"), tag("div", flame(_boxes(record)), class_="scroll")),
        tag(
            "section",
            tag("h2", "What each layer changed"),
            *(_changed(v, _of_visit(record, n)) for n, v in enumerate(visits)),
        ),
        tag("section", tag("h2", "Session"), _session(record["session"])),
        tag(
            "section",
            tag("h2", "Answer"),
            table(record["answer"]),
            tag("details", tag("summary", "The environ as it came in"), table(record["environ"])),
        ),
    ]


def _why(record: Record) -> list[Markup]:
    """What layers say of themselves, then what can be seen from between them."""
    names = [visit["name"].rpartition(".")[2] for visit in record["visits"]]
    said = [tag("li", tag("b", layer), ": ", text) for layer, text in record["notes"]]
    seen = [
        tag("li", tag("b", names[index]), " ", text, class_="faint")
        for index, text in record["seen"]
    ]
    return [*said, *seen]


def _of_visit(record: Record, place: int) -> list[str]:
    """Return the reasons that belong to one visit."""
    pairs = zip(record["notes"], record["note_visits"], strict=True)
    said = [f"{layer}: {text}" for (layer, text), index in pairs if index == place]
    return [*said, *(text for index, text in record["seen"] if index == place)]


def _waterfall(record: Record, whole: float) -> list[Markup]:
    lines: list[Markup] = []
    for number, visit in enumerate(record["visits"]):
        inner, end = visit["entered"] + visit["in"], visit["returned"]
        parts = [
            ("inner", visit["entered"], end),
            ("in", visit["entered"], inner),
            ("out", end - visit["out"], end),
            ("body", end, visit["finished"]),
        ]
        told = f"{visit['in']:.3f} in, {visit['out']:.3f} out"
        lines += [
            tag("span", tag("span", number, class_="badge"), visit["name"].rpartition(".")[2]),
            bar(parts, whole),
            tag("span", told, class_="number time"),
        ]
    for span in record["spans"]:
        took = f"{span['ended'] - span['began']:.3f}"
        lines += [
            tag("span", tag("code", span["name"])),
            bar([("span", span["began"], span["ended"])], whole),
            tag("span", took, class_="number time"),
        ]
    names = (
        ("in", "going in"),
        ("out", "coming out"),
        ("inner", "waiting for the inner layer"),
        ("body", "sending the body"),
        ("span", "span of the application"),
    )
    swatch = [
        tag(
            "span",
            tag("svg", tag("rect", width=12, height=12, class_=kind), width=12, height=12),
            " ",
            text,
        )
        for kind, text in names
    ]
    return [tag("div", *lines, class_="fall"), tag("div", *swatch, class_="key")]


def _boxes(record: Record) -> list[Box]:
    boxes = [
        Box(v["name"].rpartition(".")[2], v["entered"], max(v["finished"] - v["entered"], 0.0001))
        for v in record["visits"]
    ]
    outermost = []
    for box, visit in zip(boxes, record["visits"], strict=True):
        outermost.append(box) if visit["parent"] is None else boxes[visit["parent"]].inner.append(
            box
        )
    for span in record["spans"]:
        box = Box(span["name"], span["began"], span["ended"] - span["began"], "span")
        around = [
            b for b in boxes if b.start <= box.start and box.start + box.width <= b.start + b.width
        ]
        (max(around, key=lambda b: b.start).inner if around else outermost).append(box)
    return outermost


def _changed(visit: Record, why: list[str]) -> Markup:
    rows = _rows(visit["changes"])
    told = f"{visit['own']:.3f} ms of its own; {visit['status']}"
    small = tag("small", told if rows else f"{told}; changed nothing")
    title = tag("h3", visit["name"], " ", small, class_=None if rows else "none")
    error = tag("p", visit["error"], class_="bad") if visit["error"] else ""
    because = tag("ul", *(tag("li", text) for text in why), class_="why") if why else ""
    return tag("div", title, error, because, tag("table", *rows, class_="pairs") if rows else "")


def _rows(found: Record) -> list[Markup]:
    """Write what a layer changed: status, fields, environ keys."""
    rows = [("status", "changed", *found["status"])] if found["status"] else []
    rows += [
        (c["name"], c["how"], c.get("before", ""), c.get("after", ""))
        for c in (*found["headers"], *found["environ"])
    ]
    return [
        tag(
            "tr",
            tag("th", name, class_=how),
            tag("td", tag("code", f"{old} → {new}" if old and new else new or old)),
        )
        for name, how, old, new in rows
    ]


def _session(found: list[Record] | None) -> Markup:
    if found is None:
        return tag("p", "nobody touched a session", class_="faint")
    rows = [
        tag(
            "tr",
            tag("th", r["key"], class_=r["how"]),
            tag(
                "td",
                f"{r['before']} → {r['after']}"
                if r["how"] == "changed"
                else r["after"] or r["before"],
            ),
        )
        for r in found
    ]
    return (
        tag("table", *rows, class_="pairs")
        if rows
        else tag("p", "it holds nothing", class_="faint")
    )
