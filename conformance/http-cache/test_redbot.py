"""REDbot finds nothing to warn of in the demo, nor in what passes our cache: no WARN, no BAD."""

from __future__ import annotations

import json
import re
import subprocess
import sys
import urllib.request
from pathlib import Path

import pytest

from tropea.core.testing.serving import on_waitress

pytest.importorskip("redbot")
ROOT = Path(__file__).resolve().parents[2]

#: Asks some URLs, with all that REDbot asks besides (HEAD, ranges, validation, negotiation).
REDBOT = """
import json, sys
from configparser import ConfigParser
import thor
from redbot.resource import HttpResource

def every(notes):
    for note in notes:
        yield note.level.value, f"{type(note).__name__}: {note.summary}"
        yield from every(note.subnotes)

config = ConfigParser()
config.read_dict({"redbot": {"enable_local_access": "True"}})
found, resources = {}, {}

def done(url):
    resource = resources[url]
    found[url] = [*every(resource.response.notes), *every(resource.request.notes)]
    if len(found) == len(resources):
        thor.stop()

for url in sys.argv[1:]:
    resources[url] = resource = HttpResource(config["redbot"], descend=False)
    resource.set_request(url)
    resource.on("check_done", lambda url=url: done(url))
for resource in list(resources.values()):
    resource.check()
thor.run()
print(json.dumps(found))
"""


def notes_of(base, paths):
    """Return what REDbot notes of each path, asked twice: as a miss, and as a hit."""
    found = {path: [] for path in paths}
    for _ in range(2):
        made = subprocess.run(
            [sys.executable, "-W", "ignore", "-c", REDBOT, *(base + path for path in paths)],
            capture_output=True, text=True, timeout=180,
        )
        assert made.returncode == 0, made.stderr
        for url, notes in json.loads(made.stdout).items():
            found[url.removeprefix(base)] += notes
    return found


def complaints(found):
    return {
        path: bad for path, notes in found.items()
        if (bad := [note for note in notes if note[0] in ("warning", "bad")])
    }


def test_the_demo(tmp_path, monkeypatch):
    monkeypatch.syspath_prepend(str(ROOT / "examples" / "onion"))
    from onion.app import make_app

    with on_waitress(make_app({}, var=str(tmp_path)), threads=8) as base:
        with urllib.request.urlopen(base + "/") as home:
            links = sorted(set(re.findall(r'(?:href|src)="(/[^"#]*)', home.read().decode())))
        recipe = next(link for link in links if link.startswith("/recipes/") and link != "/recipes/new")
        hashed = next(link for link in links if re.fullmatch(r"/static/style\.\w+\.css", link))
        paths = ["/", recipe, "/recipes/new", "/sign-in", "/counter.svg", hashed, "/static/style.css",
                 "/static/onion.svg", "/favicon.ico", "/nothing"]
        assert {"/recipes/new", "/sign-in", "/counter.svg"} <= {*links}
        found = notes_of(base, paths)
    assert all(len(notes) >= 6 for notes in found.values()), found
    assert complaints(found) == {}


def test_what_passes_the_cache_and_the_conditional_layer():
    from tropea.caching import HTTPCacheMiddleware, etag_middleware
    from tropea.core import Response, to_wsgi

    text = "<!doctype html><html lang=en><title>x</title><p>" + "words " * 2000
    html = {"content_type": "text/html; charset=utf-8"}
    plain = {"content_type": "text/plain; charset=utf-8"}
    dated = {"last_modified": "Sun, 06 Nov 1994 08:49:37 GMT"}
    pages = {
        "/tagged": lambda: Response([text], cache_control="max-age=60", etag='"v1"', **dated, **html),
        "/untagged": lambda: Response([text], cache_control="max-age=60", **html),
        "/validated": lambda: Response([text], cache_control="no-cache", etag='"v1"', **html),
        "/stale": lambda: Response(
            [text], cache_control="max-age=1, stale-while-revalidate=60", etag='"v1"', **html
        ),
        "/moved": lambda: Response(["moved"], 301, cache_control="max-age=60", location="/tagged", **plain),
        "/private": lambda: Response(["you"], cache_control="private, max-age=9", vary="Cookie", **plain),
        "/secret": lambda: Response(["you"], cache_control="no-store", **plain),
        "/empty": lambda: Response([], 204, cache_control="max-age=60"),
    }

    @to_wsgi
    def view(request):
        made = pages.get(request.path_info)
        return made() if made else Response(["nothing"], 404, cache_control="max-age=60", **plain)

    app = HTTPCacheMiddleware(etag_middleware(view, auto_etag=True), "memory:")
    with on_waitress(app, threads=8) as base:
        found = notes_of(base, [*pages, "/nothing"])
    assert complaints(found) == {}
    hits = [path for path, notes in found.items() if any("CURRENT_AGE" in text for _, text in notes)]
    assert {"/tagged", "/untagged", "/moved", "/nothing"} <= set(hits)
