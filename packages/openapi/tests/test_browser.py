"""The documentation page in a real browser: readable, at home on a telephone, and alone."""

import json
import os
import shutil
import threading
from socketserver import ThreadingMixIn
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer, make_server

import pytest

from tropea.openapi import OpenAPIMiddleware


class Quiet(WSGIRequestHandler):
    def log_message(self, *args):
        pass


class Threaded(ThreadingMixIn, WSGIServer):
    """A browser opens connections ahead of need, and says nothing on them for minutes."""


@pytest.fixture
def seen():
    """What was asked for, path by path."""
    return []


@pytest.fixture
def address(spec, seen):
    evil = "<img src=http://outside.example/a.png><script>fetch('http://outside.example/')</script>"
    spec["info"]["description"] = f"Pets of the house. {evil}"
    spec["paths"]["/pets"]["get"]["description"] = "![picture](http://outside.example/b.png)"
    spec["externalDocs"] = {"url": "http://outside.example/docs"}
    layer = OpenAPIMiddleware(None, spec)

    def app(environ, start_response):
        seen.append(environ["PATH_INFO"])
        return layer(environ, start_response)

    with make_server("127.0.0.1", 0, app, Threaded, Quiet) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


@pytest.fixture
def browser(tmp_path):
    names = ("chromium", "chromium-browser", "google-chrome")
    chromium = next(filter(None, map(shutil.which, names)), None)
    driver = shutil.which("chromedriver")
    if not (chromium and driver):
        required = "browser" in os.environ.get("TROPEA_REQUIRE", "").split(",")
        (pytest.fail if required else pytest.skip)("there is no Chromium with its driver here")
    webdriver = pytest.importorskip("selenium.webdriver")
    options = webdriver.ChromeOptions()
    options.binary_location = chromium
    for flag in ("--headless=new", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
                 "--disable-background-networking", "--disable-component-update", "--disable-sync",
                 "--disable-dev-shm-usage", f"--user-data-dir={tmp_path}"):  # fmt: skip
        options.add_argument(flag)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL", "performance": "ALL"})
    found = webdriver.Chrome(options=options, service=webdriver.ChromeService(driver))
    yield found
    found.quit()


def test_the_page_is_read_without_a_request_to_anywhere_else(address, browser, seen):
    from selenium.webdriver.common.by import By
    from selenium.webdriver.support.ui import WebDriverWait

    browser.get(f"{address}/docs")
    assert browser.title == "Pets"
    for theme in ("light", "dark"):
        features = [{"name": "prefers-color-scheme", "value": theme}]
        browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": features})
        ink = browser.execute_script(
            "return getComputedStyle(document.body).color.match(/\\d+/g)[0]"
        )
        assert (int(ink) > 128) == (theme == "dark"), "the text can be read in either scheme"
        for width in (1200, 390):
            metrics = {"width": width, "height": 800, "deviceScaleFactor": 1, "mobile": width < 600}
            browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", metrics)
            wide = browser.execute_script("return document.documentElement.scrollWidth")
            assert wide <= browser.execute_script("return window.innerWidth")
    sections = browser.find_elements(By.CSS_SELECTOR, "section h2")
    assert [one.text for one in sections][:2] == ["GET /pets", "POST /pets"]
    folded = browser.find_element(By.CSS_SELECTOR, "details")
    schema = folded.find_element(By.TAG_NAME, "pre")
    assert not schema.is_displayed()
    folded.find_element(By.TAG_NAME, "summary").click()  # works without a script
    assert schema.is_displayed()
    assert "maxLength" in schema.text
    assert "<script>fetch" in browser.find_element(By.TAG_NAME, "header").text
    browser.find_element(By.LINK_TEXT, "OpenAPI 3.1.0").click()
    WebDriverWait(browser, 30).until(lambda b: b.current_url == f"{address}/openapi.json")

    log = [json.loads(entry["message"])["message"] for entry in browser.get_log("performance")]
    sent = [
        m["params"]["request"]["url"] for m in log if m["method"] == "Network.requestWillBeSent"
    ]
    web = [url for url in sent if url.startswith(("http", "ws"))]
    assert {f"{address}/docs", f"{address}/openapi.json"} <= set(web)
    assert [url for url in web if not url.startswith(f"{address}/")] == []
    assert set(seen) <= {"/docs", "/openapi.json", "/favicon.ico"}


def test_even_a_script_on_the_page_could_not_ask_anybody(address, browser):
    browser.get(f"{address}/docs")
    blocked = browser.execute_async_script(
        "const done = arguments[0];"
        "document.addEventListener('securitypolicyviolation', e => done(e.effectiveDirective));"
        "new Image().src = 'http://outside.example/c.png';"
    )
    assert blocked == "img-src"
    refused = browser.execute_async_script(
        "const done = arguments[0];"
        "fetch('http://outside.example/').then(() => done('sent'), () => done('refused'));"
    )
    assert refused == "refused"
    messages = " ".join(entry["message"] for entry in browser.get_log("browser"))
    assert "Content Security Policy" in messages
