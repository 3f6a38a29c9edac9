"""Plots as SVG, written by hand: no library is needed, and the same figures give the same file."""

import math
from html import escape

from report import curves, groups_of

OURS, PEERS = "#8e2453", ("#35618e", "#b5651d", "#5b7f3a", "#6b6b6b", "#8a6bb0", "#2a8f8f")
MISSED = "#c77700"
STYLE = "font-family:system-ui,sans-serif;font-size:12px;fill:#222"


class Drawing:
    """Lines, dots and words; written out by ``str``."""

    def __init__(self, width, height, title):
        self.width, self.height, self.title, self.parts = width, height, title, []

    def line(self, x1, y1, x2, y2, colour="#ddd", width=1.0, dash=""):
        dashed = f' stroke-dasharray="{dash}"' if dash else ""
        self.parts.append(
            f'<line x1="{x1:.1f}" y1="{y1:.1f}" x2="{x2:.1f}" y2="{y2:.1f}" stroke="{colour}" '
            f'stroke-width="{width}"{dashed}/>'
        )

    def dot(self, x, y, colour, hollow=False, radius=4.0):
        fill = "#fff" if hollow else colour
        self.parts.append(
            f'<circle cx="{x:.1f}" cy="{y:.1f}" r="{radius}" fill="{fill}" stroke="{colour}" stroke-width="2"/>'
        )

    def bar(self, x, y, width, height, colour):
        self.parts.append(
            f'<rect x="{x:.1f}" y="{y:.1f}" width="{max(width, 0.5):.1f}" height="{height}" fill="{colour}"/>'
        )

    def path(self, points, colour, width=2.0):
        text = " ".join(f"{x:.1f},{y:.1f}" for x, y in points)
        self.parts.append(f'<polyline points="{text}" fill="none" stroke="{colour}" stroke-width="{width}"/>')

    def words(self, x, y, text, anchor="start", colour="#222", bold=False):
        weight = ' font-weight="600"' if bold else ""
        self.parts.append(
            f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}" fill="{colour}"{weight}>{escape(text)}</text>'
        )

    def __str__(self):
        return (
            f'<svg xmlns="http://www.w3.org/2000/svg" width="{self.width}" height="{self.height}" '
            f'viewBox="0 0 {self.width} {self.height}" role="img" aria-label="{escape(self.title)}" '
            f'style="{STYLE}">\n<title>{escape(self.title)}</title>\n'
            f'<rect width="100%" height="100%" fill="#fff"/>\n' + "\n".join(self.parts) + "\n</svg>\n"
        )


def log_scale(low, high, start, stop):
    """Return a function from a value to a place, and the powers of ten between."""
    low, high = math.floor(math.log10(low)), math.ceil(math.log10(high))
    high = max(high, low + 1)

    def place(value):
        return start + (math.log10(max(value, 10.0**low)) - low) / (high - low) * (stop - start)

    return place, [10.0**power for power in range(low, high + 1)]


def number(value):
    return f"{value:,.0f}" if value >= 1 else f"{value:g}"


def ratios(document):
    """One dot for each target beside a peer: where it was to be, and where it is."""
    lines = [
        (f"{row['concern']}: {row['case']}", line)
        for row in document["rows"] for line in row["ratios"] if line["peer"] and line["limit"] is not None
    ]  # fmt: skip
    left, right, step = 450, 950, 17
    drawing = Drawing(980, 90 + step * len(lines), "Tropea's ratio to each peer that has a target")
    lowest = min((line["quartiles"][0] for _, line in lines), default=0.1)
    place, ticks = log_scale(min(lowest, 0.1), 2, left, right)
    bottom = 50 + step * len(lines)
    for tick in ticks:
        drawing.line(place(tick), 40, place(tick), bottom, "#888" if tick == 1 else "#ddd")
        drawing.words(place(tick), bottom + 18, number(tick), "middle")
    drawing.words(place(1) - 6, 20, "Tropea is faster", "end", bold=True)
    drawing.words(place(1) + 6, 20, "the peer is", bold=True)
    drawing.words(left, bottom + 34, "time of Tropea / time of the peer; bar: quartiles; |: the target; hollow: missed")
    for place_of_row, (name, line) in enumerate(lines):
        y = 54 + step * place_of_row
        met = line["value"] <= line["limit"]
        colour = OURS if met else MISSED
        drawing.words(left - 10, y + 4, f"{name} / {line['peer']}"[:80], "end")
        low, high = line["quartiles"]
        drawing.line(place(low), y, place(high), y, colour, 3)
        drawing.line(place(line["limit"]), y - 6, place(line["limit"]), y + 6, "#222", 2)
        drawing.dot(place(line["value"]), y, colour, hollow=not met)
    return str(drawing)


def growth(title, found):
    """One panel a curve: µs against the size, both by powers of ten."""
    width, high, gap = 300, 230, 26
    across = min(3, len(found))
    down = math.ceil(len(found) / across)
    drawing = Drawing(across * (width + gap) + gap, down * (high + 10) + 20, f"Growth: {title}")
    names = dict.fromkeys(name for points in found.values() for _, us in points for name in us)
    colours = {name: OURS if name == "Tropea" else PEERS[n % len(PEERS)] for n, name in enumerate(names)}
    for place_of_panel, (name, points) in enumerate(found.items()):
        x0 = gap + (place_of_panel % across) * (width + gap) + 30
        y0 = 36 + (place_of_panel // across) * (high + 10)
        panel(drawing, name, points, colours, (x0, y0, x0 + width - 90, y0 + high - 40))
    return str(drawing)


def panel(drawing, name, points, colours, box):
    x0, y0, x1, y1 = box
    values = [value for _, us in points for value in us.values()]
    sizes = [size for size, _ in points]
    widest = math.log(sizes[-1] / sizes[0]) or 1.0

    def across(size):
        return x0 + math.log(size / sizes[0]) / widest * (x1 - x0)

    up, ticks = log_scale(min(values), max(values), y1, y0)
    drawing.words(x0, y0 - 10, f"{name} (µs)", bold=True)
    for tick in ticks:
        drawing.line(x0, up(tick), x1, up(tick))
        drawing.words(x0 - 5, up(tick) + 4, number(tick), "end")
    for size in sizes:
        drawing.words(across(size), y1 + 16, number(size), "middle")
    ends = []
    for peer, colour in colours.items():
        line = [(across(size), up(us[peer])) for size, us in points if peer in us]
        if line:
            drawing.path(line, colour, 3.0 if peer == "Tropea" else 1.6)
            for x, y in line:
                drawing.dot(x, y, colour, radius=2.0)
            ends.append((line[-1][1], line[-1][0], peer, colour))
    for y, (_, x, peer, colour) in zip(apart([end[0] for end in sorted(ends)]), sorted(ends), strict=True):
        drawing.words(x + 6, y + 4, peer.removeprefix("Tropea, ") if peer != "Tropea" else peer, colour=colour)


def apart(places, least=13.0):
    """Move labels down until none covers the one above it."""
    moved = []
    for place in places:
        moved.append(max(place, moved[-1] + least) if moved else place)
    return moved


def bars(title, rows, unit):
    """Bars of (name, value, colour); a row without a value is a heading."""
    left, right, step = 250, 760, 17
    drawing = Drawing(860, 44 + step * len(rows), title)
    most = max((value for _, value, _ in rows if value is not None), default=1)
    drawing.words(left, 20, f"{title} ({unit}; less is better)", bold=True)
    for place_of_row, (name, value, colour) in enumerate(rows):
        y = 34 + step * place_of_row
        if value is None:
            drawing.words(left - 8, y + 11, name, "end", bold=True)
            continue
        drawing.words(left - 8, y + 11, name, "end")
        length = (right - left) * value / most
        drawing.bar(left, y + 1, length, step - 4, colour)
        drawing.words(left + length + 6, y + 11, number(value))
    return str(drawing)


def wire(document):
    rows = []
    colours = {"demo": "#b5638a", "tropea": OURS, "falcon": PEERS[0], "flask": PEERS[1], "": PEERS[3]}
    for case in dict.fromkeys(row["case"] for row in document["wire"]["rows"]):
        rows.append((f"{case}:", None, ""))
        for row in document["wire"]["rows"]:
            if row["case"] == case:
                name = f"{row['app']} on {row['server']}" if row["app"] else row["server"]
                rows.append((name, row["cpu_us"], colours[row["app"]]))
    return bars("CPU time of a request over the wire", rows, "µs")


def imports(document):
    rows = [
        (name, cost["ms"], OURS if name.startswith("tropea") else PEERS[0])
        for name, cost in document["imports"].items()
    ]
    return bars("CPU time of an import", rows, "ms")


def all_of(document):
    """Return {file name: SVG}."""
    found = curves(document)
    made = {"ratios.svg": ratios(document), "imports.svg": imports(document)}
    for group in groups_of(found):
        some = {name: points for name, points in found.items() if name.startswith(group)}
        made[f"growth-{group}.svg"] = growth(group, some)
    if document["wire"]["rows"]:
        made["wire.svg"] = wire(document)
    return made
