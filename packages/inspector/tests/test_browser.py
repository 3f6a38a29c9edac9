"""A real browser opens the page under load, follows a request, in both themes and on a phone."""

import os
import shutil
import threading
import urllib.request

import pytest

from tropea.core import pipeline
from tropea.core.layer import Layer
from tropea.inspector import note, span

KEY = "k" * 32


def kitchen(environ, start_response):
    environ["tropea.route"] = "/recipes/<name>"
    environ["wsgiorg.routing_args"] = ((), {"name": "soup"})
    note(environ, "caching", "200: nothing was kept under this address")
    with span(environ, "SELECT * FROM recipes WHERE name = ?"):
        sum(range(40_000))
    start_response("200 OK", [("Content-Type", "text/html")])
    return (block for block in [b"<p>soup", b" of onions"])


class Cache(Layer):
    kind = "http-cache"


class Session(Layer):
    kind = "session"

    def __call__(self, environ, start_response):
        environ["beaker.session"] = {"visits": 1}
        return super().__call__(environ, start_response)


@pytest.fixture
def browser(tmp_path):
    chromium = (
        shutil.which("chromium")
        or shutil.which("chromium-browser")
        or shutil.which("google-chrome")
    )
    driver = shutil.which("chromedriver")
    if not (chromium and driver):
        message = "no Chromium with its driver here"
        pytest.fail(message) if "browser" in os.environ.get("TROPEA_REQUIRE", "").split(
            ","
        ) else pytest.skip(message)
    webdriver = pytest.importorskip("selenium.webdriver")
    options = webdriver.ChromeOptions()
    options.binary_location = chromium
    for flag in ("--headless=new", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
                 "--disable-background-networking", "--disable-component-update", "--disable-sync",
                 "--disable-dev-shm-usage", f"--user-data-dir={tmp_path}"):  # fmt: skip
        options.add_argument(flag)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL", "performance": "ALL"})
    found = webdriver.Chrome(options, webdriver.ChromeService(driver))
    yield found
    found.quit()


def show(browser, theme, width, height=1000):
    browser.execute_cdp_cmd(
        "Emulation.setEmulatedMedia",
        {"features": [{"name": "prefers-color-scheme", "value": theme}]},
    )
    metrics = {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": False}
    browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", metrics)


def test_the_page_under_load_in_both_themes_and_on_a_phone(
    browser, serve, stamp, inspected, tmp_path
):
    from selenium.webdriver.common.by import By
    from selenium.webdriver.support.ui import WebDriverWait

    layer, _ = inspected(
        pipeline(Layer.layer(), Cache.layer(), stamp.layer(), Session.layer(), kitchen)
    )
    address = serve(layer)
    pictures = os.environ.get("TROPEA_PICTURES", str(tmp_path))
    done = threading.Event()

    def load():
        while not done.wait(0.02):
            urllib.request.urlopen(f"{address}/recipes/soup?page=2").read()

    worker = threading.Thread(target=load)
    worker.start()
    try:
        browser.get(f"{address}/__onion__/?key={KEY}")
        assert KEY not in browser.current_url
        wait = WebDriverWait(browser, 20)
        wait.until(lambda b: len(b.find_elements(By.CSS_SELECTOR, "#requests tr")) >= 5)
        for theme, width in (("light", 1200), ("dark", 1200), ("light", 390)):
            show(browser, theme, width)
            browser.save_screenshot(f"{pictures}/onion-{theme}-{width}.png")
            assert browser.execute_script("return document.documentElement.scrollWidth") <= width
        browser.find_element(By.CSS_SELECTOR, "#requests a").click()
        wait.until(lambda b: b.find_elements(By.CSS_SELECTOR, ".flame"))
        for theme, width in (("light", 1200), ("dark", 1200), ("dark", 390)):
            show(browser, theme, width, 1400)
            browser.save_screenshot(f"{pictures}/request-{theme}-{width}.png")
            assert browser.execute_script("return document.documentElement.scrollWidth") <= width
        text = browser.find_element(By.TAG_NAME, "main").text
        for told in (
            "/recipes/<name>",
            "SELECT * FROM recipes",
            "nothing was kept",
            "stamp.seen",
            "Stamp",
        ):
            assert told in text
    finally:
        done.set()
        worker.join()
    assert [entry for entry in browser.get_log("browser") if entry["level"] == "SEVERE"] == []
    asked = [
        entry["message"]
        for entry in browser.get_log("performance")
        if '"Network.requestWillBeSent"' in entry["message"]
    ]
    outside = [text for text in asked if '"url":"http' in text and f'"url":"{address}/' not in text]
    assert asked
    assert outside == []


def test_it_works_without_script(browser, serve, stamp, inspected):
    from selenium.webdriver.common.by import By
    from selenium.webdriver.support.ui import WebDriverWait

    wait = WebDriverWait(browser, 30, ignored_exceptions=[Exception])  # a page may be leaving
    layer, _ = inspected(pipeline(Session.layer(), stamp.layer(), kitchen), always=True)
    address = serve(layer)
    for number in range(3):
        urllib.request.urlopen(f"{address}/recipes/{number}").read()
    browser.execute_cdp_cmd("Emulation.setScriptExecutionDisabled", {"value": True})
    browser.get(f"{address}/__onion__/?key={KEY}")
    rows = browser.find_elements(By.CSS_SELECTOR, "#requests tr")
    assert [row.text.split()[:3] for row in rows] == [
        [str(n), "GET", f"/recipes/{n - 1}"] for n in (3, 2, 1)
    ]
    assert browser.find_element(By.ID, "live").text == "as of now"
    rows[-1].find_element(By.TAG_NAME, "a").click()
    wait.until(lambda b: "SELECT * FROM recipes" in b.find_element(By.TAG_NAME, "main").text)
    browser.find_element(By.CSS_SELECTOR, "a.name").click()
    wait.until(lambda b: b.find_elements(By.XPATH, "//button[text()='Forget them']"))[0].click()
    wait.until(lambda b: not b.find_elements(By.CSS_SELECTOR, "#requests tr"))
    browser.find_element(By.XPATH, "//button[text()='Take the probes out']").click()
    wait.until(lambda _: not layer.listening)
