"""The recipe book's whole stack, inspected: what its pages tell, in process and in a browser.

The browser's test makes the pictures of the documentation, too:

    TROPEA_PICTURES=docs/_static python -m pytest tests/test_inspector_onion.py
"""

from __future__ import annotations

import base64
import http.cookiejar
import json
import os
import shutil
import sys
import threading
import tracemalloc
import urllib.error
import urllib.request
from contextlib import ExitStack
from pathlib import Path

import pytest

from tropea.core import pipeline
from tropea.core.testing import TestApp
from tropea.core.testing.serving import on_waitress
from tropea.inspector import ProfilerMiddleware, inspect

EXAMPLE = Path(__file__).resolve().parent.parent / "examples" / "onion"
KEY = "k" * 32
ADDRESSES = ("/", "/recipes/toast", "/static/toast.svg", "/favicon.ico", "/counter.svg", "/recipes/none",
             "/index.php?article=red-onion-soup", "/recipes/red-onion-soup", "/sign-in")  # fmt: skip
LAYERS = ["RegistryMiddleware", "RewriteMiddleware", "StaticMiddleware", "ConditionalMiddleware",
          "SessionMiddleware", "DispatcherApp"]  # fmt: skip


@pytest.fixture
def onion(tmp_path, monkeypatch):
    monkeypatch.syspath_prepend(str(EXAMPLE))
    from onion.app import make_app

    yield make_app({}, var=str(tmp_path / "var"))
    for name in [name for name in sys.modules if name.partition(".")[0] == "onion"]:
        del sys.modules[name]


@pytest.fixture
def kitchen(onion):
    """A visitor of the inspected recipe book, and what is recorded of a request of theirs."""
    layer = inspect(onion, key=KEY, announce=False, always=True)
    visitor = TestApp(layer)

    def ask(path, **environ):
        answer = visitor.get(path, **environ)
        number = layer.shelf.latest(1)[0]["id"]
        return answer, layer.shelf.get(number)

    return ask


def names_of(record):
    return [visit["name"].rpartition(".")[2] for visit in record["visits"]]


def why(record):
    """All reasons: what layers say, and what is seen from between them."""
    return " | ".join(text for _, text in [*record["notes"], *record["seen"]])


class TestWhatIsTold:
    def test_a_page_goes_through_every_layer_and_its_route_is_known(self, kitchen):
        answer, record = kitchen("/recipes/toast")
        assert answer.status == "200 OK"
        assert names_of(record) == LAYERS
        assert record["route"] == "/recipes/slug:[a-z0-9-]+"
        assert record["arguments"] == "((), {'slug': 'toast'})"

    def test_the_sessions_difference_is_told_without_its_values(self, kitchen):
        _, first = kitchen("/recipes/toast")
        _, second = kitchen("/recipes/baked-beans")
        assert [(row["key"], row["how"]) for row in first["session"]] == [("recent", "added")]
        assert second["session"] == [
            {"key": "recent", "how": "changed", "before": "list of 1", "after": "list of 2"}
        ]
        _, untouched = kitchen("/static/toast.svg")
        assert untouched["session"] is None
        cookie = next(v for v in first["visits"] if v["name"].endswith("SessionMiddleware"))
        assert {"name": "Set-Cookie", "how": "added", "after": "…"} in cookie["changes"]["headers"]

    def test_signing_in_changes_several_keys(self, onion):
        layer = inspect(onion, key=KEY, announce=False, always=True)
        visitor = TestApp(layer)
        page = visitor.get("/sign-in").body.decode()
        token = page.partition('name="csrf" value="')[2].partition('"')[0]
        assert token
        done = visitor.post("/sign-in", data={"csrf": token, "cook": "Caterina"})
        assert done.status == "303 See Other"
        record = layer.shelf.get(layer.shelf.latest(1)[0]["id"])
        assert ("cook", "added") in [(row["key"], row["how"]) for row in record["session"]]
        assert "Caterina" not in json.dumps(record["session"])
        assert token not in json.dumps(record)

    def test_a_304_is_explained(self, kitchen):
        answer, _ = kitchen("/counter.svg")
        again, record = kitchen("/counter.svg", HTTP_IF_NONE_MATCH=answer.get_header("ETag"))
        assert again.status == "304 Not Modified"
        assert "If-None-Match" in why(record)
        turned = [record["visits"][index]["name"] for index, text in record["seen"] if "made 304" in text]
        assert [name.rpartition(".")[2] for name in turned] == ["ConditionalMiddleware"]

    def test_a_rewritten_address_is_explained(self, kitchen):
        answer, record = kitchen("/favicon.ico")
        assert answer.status == "200 OK"
        assert [1, "made /static/onion.svg of /favicon.ico"] in record["seen"]

    def test_a_redirect_is_explained(self, kitchen):
        answer, record = kitchen("/index.php?article=toast")
        assert answer.status[:3] == "301"
        assert "/recipes/toast" in why(record)
        assert names_of(record) == LAYERS[:2]

    def test_a_file_asks_nothing_inside(self, kitchen):
        _, record = kitchen("/static/toast.svg")
        assert names_of(record) == LAYERS[:3]
        assert [2, "answered itself; nothing inside it was asked"] in record["seen"]

    def test_a_cache_hit_is_explained(self, tmp_path):
        from tropea.caching import HTTPCacheMiddleware, MemoryCacheStore

        def news(environ, start_response):
            start_response("200 OK", [("Content-Type", "text/plain"), ("Cache-Control", "max-age=60")])
            return [b"news"]

        layer = inspect(
            pipeline(HTTPCacheMiddleware.layer(store=MemoryCacheStore()), news),
            key=KEY, announce=False, always=True,
        )  # fmt: skip
        visitor = TestApp(layer)
        assert visitor.get("/news").body == visitor.get("/news").body == b"news"
        first, second = layer.shelf.get(1), layer.shelf.get(2)
        assert names_of(first) == ["HTTPCacheMiddleware", "news"]
        assert names_of(second) == ["HTTPCacheMiddleware"]
        assert "out of a cache" in why(second)

    def test_the_stack_is_in_order_and_each_layer_has_its_version(self, onion):
        layer = inspect(onion, key=KEY, announce=False)
        assert layer.findings == []
        cookie = layer.gate.set_cookie.partition(";")[0]
        told = TestApp(layer).get("/__onion__/data", HTTP_HOST="localhost", HTTP_COOKIE=cookie).json
        node, found = told["layers"], []
        while True:
            found.append((node["distribution"], bool(node["version"])))
            if not node["inner"]:
                break
            node = node["inner"][0][1]
        parts = ("core", "rewrite", "static", "caching", "sessions", "dispatch")
        assert found == [(f"tropea-{part}", True) for part in parts]


def test_the_application_is_told_whole(monkeypatch):
    """Routes, handlers, hooks, filters, configuration, variables: all that a debug page has."""
    from tropea.dispatch import dispatcher_app

    app = dispatcher_app(debug=True)
    app.set_filter(":onion", "red|white", str.upper)
    monkeypatch.setenv("app_language", "it")

    @app.match("/peel/<kind:onion>", "GET")
    def peel(request, kind):
        return kind

    @app.http_state(404)
    def nothing(request, **_):
        return "nothing"

    @app.error_handler(KeyError)
    def missing(request, error):
        return "missing"

    @app.default("GET")
    def anything(request):
        return "anything"

    @app.before_response()
    def before(request):
        pass

    @app.after_response()
    def after(request, response):
        return response

    layer = inspect(app, key=KEY, announce=False)
    here = {"HTTP_HOST": "localhost", "HTTP_COOKIE": layer.gate.set_cookie.partition(";")[0]}
    told = {title: dict(pairs) for title, pairs in TestApp(layer).get("/__onion__/data/app", **here).json.items()}
    assert "peel" in told["Routes"]["GET /peel/<kind:onion>"]
    assert "nothing" in told["State handlers"]["404"]
    assert "missing" in told["Error handlers"]["builtins.KeyError"]
    assert any("anything" in handler for handler in told["Default handlers"].values())
    assert any("before" in name for name in told["Before each response"].values())
    assert any("after" in name for name in told["After each response"].values())
    assert told["Filters"]["onion"] == "red|white str.upper"
    assert "IntConverter" in told["Filters"]["int"]
    assert told["Configuration"]["debug"] == "True"
    assert told["Variables app_"] == {"language": "'it'"}
    assert told["Request"]["PATH_INFO"] == "'/__onion__/data/app'"
    assert told["Environ"]["HTTP_COOKIE"] == "…"


def test_layers_of_ours_of_flask_and_of_paste_are_seen_in_one_stack():
    import flask
    from paste.gzipper import middleware as gzipped

    from tropea.caching import etag_middleware
    from tropea.core import session
    from tropea.sessions import SessionMiddleware

    app = flask.Flask("kitchen")

    @app.get("/recipes/<name>")
    def recipe(name):
        session(flask.request.environ)["last"] = name
        return f"{name} " * 50

    app.wsgi_app = pipeline(etag_middleware(), gzipped, SessionMiddleware.layer("memory:"), app.wsgi_app)
    layer = inspect(app, key=KEY, announce=False, always=True)
    visitor = TestApp(layer)
    answer = visitor.get("/recipes/soup", HTTP_ACCEPT_ENCODING="gzip")
    assert answer.get_header("Content-Encoding") == "gzip"
    record = layer.shelf.get(1)
    assert names_of(record) == ["Flask", "ConditionalMiddleware", "middleware", "SessionMiddleware", "Flask"]
    assert [(row["key"], row["how"]) for row in record["session"]] == [("last", "added")]
    packed = [c["name"] for c in record["visits"][2]["changes"]["headers"]]
    assert "Content-Encoding" in packed


@pytest.fixture
def serve():
    """Run an application on waitress, on a free port of this machine; return its address."""
    with ExitStack() as servers:
        yield lambda app: servers.enter_context(on_waitress(app, threads=8))


@pytest.fixture
def browser(tmp_path):
    chromium = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
    driver = shutil.which("chromedriver")
    if not (chromium and driver):
        required = "browser" in os.environ.get("TROPEA_REQUIRE", "").split(",")
        (pytest.fail if required else pytest.skip)("there is no Chromium with its driver here")
    webdriver = pytest.importorskip("selenium.webdriver")
    options = webdriver.ChromeOptions()
    options.binary_location = chromium
    for flag in ("--headless=new", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
                 "--disable-background-networking", "--disable-component-update", "--disable-sync",
                 "--disable-dev-shm-usage", "--hide-scrollbars", f"--user-data-dir={tmp_path}/browser"):  # fmt: skip
        options.add_argument(flag)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL", "performance": "ALL"})
    found = webdriver.Chrome(options=options, service=webdriver.ChromeService(driver))
    yield found
    found.quit()


class Screen:
    """A window in a colour scheme and a width, and pictures of it."""

    def __init__(self, browser, folder):
        self.browser, self.folder = browser, Path(folder)

    def show(self, theme, width, height=900):
        features = [{"name": "prefers-color-scheme", "value": theme}]
        self.browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": features})
        metrics = {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": width < 600}
        self.browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", metrics)
        fits = "return document.documentElement.scrollWidth <= window.innerWidth"
        assert self.browser.execute_script(fits), f"wider than {width}"
        dark = self.browser.execute_script(
            "return getComputedStyle(document.body).backgroundColor.match(/\\d+/g)[0] < 128"
        )
        assert dark == (theme == "dark")

    def picture(self, name):
        shot = self.browser.execute_cdp_cmd("Page.captureScreenshot", {"format": "webp", "quality": 85})
        picture = base64.b64decode(shot["data"])
        (self.folder / f"inspector-{name}.webp").write_bytes(picture)
        assert len(picture) > 5_000
        assert picture.startswith(b"RIFF")
        if "TROPEA_PICTURES" in os.environ:  # what is committed is small
            assert len(picture) < 100_000, f"{name}: {len(picture)} bytes"


def load(address, done):
    """Be a visitor who looks at everything again and again."""
    jar = http.cookiejar.CookieJar()
    visitor = urllib.request.build_opener(urllib.request.HTTPCookieProcessor(jar))
    tag = ""
    while not done.is_set():
        for path in ADDRESSES:
            headers = {"If-None-Match": tag} if tag and path == "/counter.svg" else {}
            try:
                with visitor.open(urllib.request.Request(address + path, headers=headers)) as answer:
                    answer.read()
                    tag = answer.headers["ETag"] if path == "/counter.svg" else tag
            except urllib.error.HTTPError as error:
                error.close()
            if done.wait(0.03):
                return


def test_a_developer_follows_a_request_in_a_browser_while_visitors_come(onion, serve, browser, tmp_path):
    from selenium.webdriver.common.by import By
    from selenium.webdriver.support.ui import WebDriverWait

    profiler = ProfilerMiddleware.layer(enabled=True, how="samples", interval=0.001)
    layer = inspect(pipeline(profiler, onion), key=KEY, announce=False, keep=100)
    address = serve(layer)
    screen = Screen(browser, os.environ.get("TROPEA_PICTURES", tmp_path))
    wait = WebDriverWait(browser, 30)
    done = threading.Event()
    workers = [threading.Thread(target=load, args=(address, done)) for _ in range(3)]
    try:
        browser.get(f"{address}/__onion__/?key={KEY}")
        assert KEY not in browser.current_url + browser.page_source
        for worker in workers:
            worker.start()
        wait.until(lambda b: len(b.find_elements(By.CSS_SELECTOR, "#requests tr")) >= 30)
        assert browser.find_element(By.ID, "live").text == "live"
        for theme, width in (("light", 1000), ("dark", 1000), ("light", 390), ("dark", 390)):
            screen.show(theme, width, 780)
            screen.picture(f"onion-{theme}" if width > 600 else f"phone-{theme}")
        told = wait.until(lambda _: find(layer, "/recipes/toast", "200"))
        browser.get(f"{address}/__onion__/requests/{told['id']}")
        for theme, width in (("light", 390), ("dark", 390), ("light", 1000), ("dark", 1000)):
            screen.show(theme, width, 1000)
            if width > 600:
                screen.picture(f"request-{theme}")
        text = browser.find_element(By.TAG_NAME, "main").text
        for words in ("/recipes/slug:[a-z0-9-]+", "SessionMiddleware", "recent", "list of", "going in"):
            assert words in text
        numbers = browser.find_elements(By.CSS_SELECTOR, ".fall .number")
        assert len(numbers) == len(LAYERS) + 1
        assert all(" in, " in number.text for number in numbers)
        assert len(browser.find_elements(By.CSS_SELECTOR, ".flame rect")) > len(LAYERS) // 2
        unchanged = wait.until(lambda _: find(layer, "/counter.svg", "304"))
        browser.get(f"{address}/__onion__/requests/{unchanged['id']}")
        assert "If-None-Match" in browser.find_element(By.TAG_NAME, "main").text
        look_at_profiles(browser, screen, wait)
        look_at_memory(browser, wait)
    finally:
        done.set()
        for worker in workers:
            if worker.ident:
                worker.join()
    assert len(layer.shelf) <= 100
    assert [entry for entry in browser.get_log("browser") if entry["level"] == "SEVERE"] == []
    asked = [json.loads(entry["message"])["message"] for entry in browser.get_log("performance")]
    urls = [m["params"]["request"]["url"] for m in asked if m["method"] == "Network.requestWillBeSent"]
    assert len(urls) > 5
    # The browser's own start page is no request of ours.
    assert [url for url in urls if not url.startswith((f"{address}/", "data:", "chrome"))] == []


def look_at_profiles(browser, screen, wait):
    """All requests together are one flame, of real functions."""
    from selenium.webdriver.common.by import By

    def boxes(browser):
        browser.get(browser.current_url.partition("/__onion__/")[0] + "/__onion__/profiles/all")
        return len(browser.find_elements(By.CSS_SELECTOR, ".flame rect")) > 12

    wait.until(boxes)
    for theme, width in (("light", 390), ("dark", 390), ("light", 1000), ("dark", 1000)):
        screen.show(theme, width, 800)
        if width > 600:
            screen.picture(f"profile-{theme}")
    assert "SessionMiddleware.__call__" in browser.page_source


def look_at_memory(browser, wait):
    """Tracing starts and stops by the buttons of the page."""
    from selenium.webdriver.common.by import By

    def press(text):
        wait.until(lambda b: b.find_elements(By.XPATH, f"//button[text()='{text}']"))[0].click()

    browser.find_element(By.LINK_TEXT, "Memory").click()
    press("Start")
    wait.until(lambda b: "Held now" in b.page_source)
    assert tracemalloc.is_tracing()
    press("Compare with now")
    wait.until(lambda b: "Since" in b.page_source)
    press("Stop")
    wait.until(lambda b: "while it lasts" in b.page_source)
    assert not tracemalloc.is_tracing()


def find(layer, path, status):
    """Return the latest request of that path and status, or None."""
    return next(
        (r for r in layer.shelf.latest(100) if r["path"] == path and r["status"].startswith(status)), None
    )
