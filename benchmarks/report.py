"""The Markdown page of a run, made from its JSON alone."""

#: What a reader should not take for a rival.
NO_PEER = ("Tropea", "raw WSGI")
#: A difference below this is none.
NOISE = 1.1


def page(document):
    """Write the page; *document* is what results.json holds."""
    parts = [
        head(document), summary(document),
        *(section(document, concern) for concern in concerns(document)),
        growth(document), over_the_wire(document["wire"]), imports(document["imports"]),
    ]  # fmt: skip
    return "\n".join(line for part in parts for line in part).rstrip() + "\n"


def head(document):
    peers = ", ".join(f"{name} {number}" for name, number in document["peers"].items())
    missing = sorted({name for row in document["rows"] for name in row["missing"]})
    lines = [
        "# Tropea beside its peers", "",
        f"Measured on {document['date']} by `{document['command']}`: {document['machine']}, a machine shared "
        f"with other work; {document['minutes']:.0f} minutes in all.", "",
        f"Peers: {peers}. Nobody tuned them, and nobody slowed them down: each is set up as its manual says, "
        "and each section tells what it was given.", "",
        f"CPU time, medians of {document['rounds']} interleaved rounds; every answer was checked before it "
        "was timed. What the loop and the call cost is taken off. Ratios are medians of the rounds' ratios, "
        "with their quartiles; less is better. The µs hold for this machine only; differences below a tenth "
        "are none.", "",
    ]  # fmt: skip
    if missing:
        lines += [f"Not installed, and left out: {', '.join(missing)}.", ""]
    return [*lines, "![Tropea's ratio to each peer that has a target](plots/ratios.svg)", ""]


def concerns(document):
    found = dict.fromkeys(row["concern"] for row in document["rows"])
    return [concern for concern in found if concern != "growth"]


def summary(document):
    """List where a peer is ahead, and which targets were missed."""
    behind, missed = [], []
    for row in document["rows"]:
        where = f"{row['concern']}, {row['case']}"
        for line in row["ratios"]:
            if line["peer"] and line["value"] > 1:
                doubt = "" if line["value"] >= NOISE else ", which is within the noise"
                behind.append(f"{where}: {line['peer']}, Tropea takes {line['value']:.2f} times as long{doubt}")
            if line["limit"] is not None and line["value"] > line["limit"]:
                missed.append(f"{where}: {line['value']:.3g}, wanted {limit_of(line)}")
    behind += [f"over the wire, {text}" for text in behind_on_the_wire(document["wire"])]
    missed += [
        f"{name}: {grown:.2f} times as long at {last:,} as at {first:,}, wanted {limit}"
        for name, first, last, grown, limit in flatness(document) if limit and grown > limit
    ]  # fmt: skip
    lines = ["## Where a peer is ahead", "", *(f"- {one}" for one in behind or ["nowhere in this run"]), ""]
    return [*lines, "## Targets missed", "", *(f"- {one}" for one in missed or ["none in this run"]), ""]


def limit_of(line):
    return f"≤ {line['limit']} × {line['peer']}" if line["peer"] else f"≤ {line['limit']} µs"


def section(document, concern):
    rows = [row for row in document["rows"] if row["concern"] == concern]
    given = dict.fromkeys(row["given"] for row in rows if row["given"])
    lines = [f"## {concern[0].upper()}{concern[1:]}", "", f"Given: {'; '.join(given)}.", ""]
    return [*lines, "| case | µs | Tropea's ratio to | target |", "|---|---|---|---|", *map(told, rows), ""]


def told(row):
    us = "<br>".join(f"{name} {value:.2f}" for name, value in row["us"].items())
    ratios, targets = [], []
    for line in row["ratios"]:
        low, high = line["quartiles"]
        if line["peer"]:
            ahead = " **(the peer is ahead)**" if line["value"] > 1 else ""
            ratios.append(f"{line['peer']} {line['value']:.3g} ({low:.3g}–{high:.3g}){ahead}")
        else:
            us += f" ({low:.3g}–{high:.3g})"
        if line["limit"] is not None:
            met = "met" if line["value"] <= line["limit"] else "**missed**"
            targets.append(f"{limit_of(line)}: {met}")
    return f"| {row['case']} | {us} | {'<br>'.join(ratios) or '–'} | {'<br>'.join(targets) or '–'} |"


def curves(document):
    """Return {curve: [(size, {name: µs}), …]}."""
    found = {}
    for row in document["rows"]:
        if row["curve"]:
            found.setdefault(row["curve"], []).append((row["size"], row["us"]))
    return {name: sorted(points, key=lambda point: point[0]) for name, points in found.items()}


def flatness(document):
    """List (curve, smallest, largest, growth of ours, limit)."""
    limits = {row["curve"]: row["flat"] for row in document["rows"] if row["curve"]}
    for name, points in curves(document).items():
        (first, least), (last, most) = points[0], points[-1]
        yield name, first, last, most["Tropea"] / least["Tropea"], limits[name]


def growth(document):
    lines = [
        "## Growth", "",
        "How much longer one request takes when there is more of something. The points of a curve are "
        "measured one after the other, so what the machine did meanwhile is in them.", "",
        "| what grows | from | to | Tropea takes | wanted | peers take |", "|---|---|---|---|---|---|",
    ]  # fmt: skip
    found = curves(document)
    for name, first, last, grown, limit in flatness(document):
        least, most = found[name][0][1], found[name][-1][1]
        others = "<br>".join(
            f"{peer} {most[peer] / least[peer]:.3g} times" for peer in most if peer in least and peer != "Tropea"
        )
        wanted = f"≤ {limit}: {'met' if grown <= limit else '**missed**'}" if limit else "–"
        lines.append(f"| {name} | {first:,} | {last:,} | {grown:.2f} times | {wanted} | {others or '–'} |")
    pictures = [f"![{group}](plots/growth-{group}.svg)" for group in groups_of(found)]
    return [*lines, "", *pictures, "", *given_of_growth(document)]


def groups_of(found):
    """The first word of a curve's name is the picture that it is in."""
    return dict.fromkeys(name.partition(":")[0].partition(" ")[0] for name in found)


def given_of_growth(document):
    rows = [row for row in document["rows"] if row["concern"] == "growth"]
    given = "; ".join(dict.fromkeys(row["given"] for row in rows if row["given"]))
    return [f"Given: {given}.", "", "| case | µs |", "|---|---|", *map(plainly, rows), ""] if rows else []


def plainly(row):
    return f"| {row['case']} | {'<br>'.join(f'{name} {us:.2f}' for name, us in row['us'].items())} |"


def behind_on_the_wire(wire):
    """Name the peers that used less CPU than the same thing made with Tropea."""
    used = {(row["case"], row["server"], row["app"]): row["cpu_us"] for row in wire["rows"]}
    for (case, server, app), ours in used.items():
        if app == "tropea":
            for peer in ("falcon", "flask"):
                theirs = used.get((case, server, peer))
                if theirs and theirs < ours:
                    yield f"{case} on {server}: {peer}, {theirs:.0f} µs of CPU beside {ours:.0f}"
    for case in dict.fromkeys(row["case"] for row in wire["rows"]):
        nginx = used.get((case, "nginx", ""))
        if nginx:
            least = min(v for (c, s, a), v in used.items() if c == case and a == "tropea")
            if nginx < least:
                yield f"{case}: nginx, {nginx:.0f} µs of CPU beside {least:.0f} at the best"


def over_the_wire(wire):
    lines = ["## Over the wire", "", f"Given: {wire['given']}.", ""]
    lines += [f"Skipped: there is no {name} on this machine." for name in wire["missing"]]
    if not wire["rows"]:
        return [*lines, ""]
    lines += [
        f"wrk, {wire['rounds']} interleaved rounds of {wire['seconds']} s, medians. The CPU time is that of "
        "the server's own processes, for one request; least and most of the rounds beside it.", "",
        "| answer | server | application | requests a second | µs of CPU |", "|---|---|---|---|---|",
    ]  # fmt: skip
    for row in wire["rows"]:
        low, high = row["cpu_us_least_most"]
        lines.append(
            f"| {row['case']} | {row['server']} | {row['app'] or '–'} | {row['requests']:,} "
            f"| {row['cpu_us']:.0f} ({low:.0f}–{high:.0f}) |"
        )
    return [*lines, "", "![CPU time of a request over the wire](plots/wire.svg)", ""]


def imports(costs):
    lines = [
        "## Imports", "",
        "Each in a fresh interpreter, whose own start is taken off; Tropea's packages count what they "
        "share with core each time. A layer imports no webob.", "",
        "| import | ms of CPU | KiB of memory | modules |", "|---|---|---|---|",
    ]  # fmt: skip
    for name, cost in costs.items():
        lines.append(f"| {name} | {cost['ms']:.0f} | {cost['kib']:,} | {cost['modules']} |")
    return [*lines, "", "![CPU time of an import](plots/imports.svg)", ""]
