"""The debug page in a real browser: both themes, a phone, and whoever planted a script."""

import os
import shutil
import threading
from socketserver import ThreadingMixIn
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer, make_server

import pytest

from tropea.core import pipeline
from tropea.core.layer import Layer
from tropea.errors import DebugMiddleware

KEY = "k" * 32
SECRET = "SECRET-hunter2"
PLANTED = "<img src=x onerror=document.title='planted'><script>document.title='planted'</script>"

#: The contrast of each element's own text with what is painted behind it (WCAG 2.2, 1.4.3).
CONTRAST = """
    const rgba = text => {
        const found = text.match(/[\\d.]+/g).map(Number);
        return found.length < 4 ? [...found, 1] : found;
    };
    const light = c => [0.2126, 0.7152, 0.0722].reduce((sum, weight, i) => {
        const part = c[i] / 255;
        return sum + weight * (part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4);
    }, 0);
    const ground = element => {
        for (let at = element; at; at = at.parentElement) {
            const colour = rgba(getComputedStyle(at).backgroundColor);
            if (colour[3] === 1) return colour;
        }
        return [255, 255, 255];
    };
    return [...document.querySelectorAll("body *")].filter(element =>
        element.checkVisibility() && element.tagName !== "BUTTON" &&
        [...element.childNodes].some(node => node.nodeType === 3 && node.data.trim())
    ).map(element => {
        const [a, b] = [light(rgba(getComputedStyle(element).color)), light(ground(element))];
        const ratio = (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
        return [ratio, element.tagName, element.textContent.slice(0, 30)];
    }).filter(([ratio]) => ratio < 4.5);
"""

#: Tables that reach out of the box around them.
BESIDE_ITS_BOX = """
    const right = element => element.getBoundingClientRect().right;
    return [...document.querySelectorAll("table")].filter(
        table => right(table) > right(table.parentElement)
    ).map(table => table.textContent.slice(0, 30));
"""


def broken(environ, start_response):
    password = SECRET
    harmless = PLANTED * 20  # a long line, too
    try:
        {}["missing"]
    except KeyError as error:
        raise ValueError(f"{PLANTED} {len(password + harmless)}") from error


class Quiet(WSGIRequestHandler):
    def log_message(self, *args):
        """Say nothing."""


class Threaded(ThreadingMixIn, WSGIServer):
    """A browser opens connections that it may use later."""

    daemon_threads = True


@pytest.fixture
def address():
    app = pipeline(
        DebugMiddleware.layer(enabled=True, key=KEY, announce=False), Layer.layer(), broken
    )
    server = make_server("127.0.0.1", 0, app, Threaded, Quiet)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def browser(tmp_path):
    names = ("chromium", "chromium-browser", "google-chrome")
    chromium = next(filter(None, map(shutil.which, names)), None)
    driver = shutil.which("chromedriver")
    if not (chromium and driver):
        required = "browser" in os.environ.get("TROPEA_REQUIRE", "").split(",")
        (pytest.fail if required else pytest.skip)("no Chromium with its driver here")
    webdriver = pytest.importorskip("selenium.webdriver")
    options = webdriver.ChromeOptions()
    options.binary_location = chromium
    for flag in ("--headless=new", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
                 "--disable-background-networking", "--disable-component-update", "--disable-sync",
                 "--disable-dev-shm-usage", f"--user-data-dir={tmp_path}"):  # fmt: skip
        options.add_argument(flag)
    options.set_capability("goog:loggingPrefs", {"performance": "ALL"})
    found = webdriver.Chrome(options, webdriver.ChromeService(driver))
    yield found
    found.quit()


def show(browser, theme, width):
    features = [{"name": "prefers-color-scheme", "value": theme}]
    browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": features})
    metrics = {"width": width, "height": 1000, "deviceScaleFactor": 1, "mobile": False}
    browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", metrics)


@pytest.fixture
def page(browser, address):
    browser.get(f"{address}/__debug__/?key={KEY}")
    browser.get(f"{address}/shop?q={PLANTED}")
    return browser


def test_it_can_be_read_in_both_themes_and_on_a_phone(page, tmp_path):
    pictures = os.environ.get("TROPEA_PICTURES", str(tmp_path))
    page.execute_script("document.querySelectorAll('details').forEach(d => d.open = true)")
    grounds = set()
    for theme, width in (("light", 1200), ("dark", 1200), ("light", 390), ("dark", 390)):
        show(page, theme, width)
        page.save_screenshot(f"{pictures}/debug-{theme}-{width}.png")
        assert page.execute_script("return document.documentElement.scrollWidth") <= width
        assert page.execute_script(BESIDE_ITS_BOX) == []
        assert page.execute_script(CONTRAST) == []
        grounds.add(page.execute_script("return getComputedStyle(document.body).backgroundColor"))
    assert len(grounds) == 2


def test_it_says_where_and_why_and_opens_the_editor(page):
    from selenium.webdriver.common.by import By

    page.execute_script("document.querySelectorAll('details').forEach(d => d.open = true)")
    text = page.find_element(By.TAG_NAME, "body").text
    for told in ("ValueError", "KeyError", "/shop", "raise ValueError(", "harmless", "tropea.core.layer"):
        assert told in text
    assert SECRET not in page.page_source
    links = [a.get_attribute("href") for a in page.find_elements(By.CSS_SELECTOR, "a")]
    assert any(link.startswith("vscode://file/") and "test_browser.py:" in link for link in links)


def test_a_planted_script_is_text_and_nothing_comes_from_elsewhere(page, address):
    from selenium.webdriver.common.by import By

    assert page.title != "planted"
    assert PLANTED in page.find_element(By.CLASS_NAME, "message").text
    assert page.find_elements(By.TAG_NAME, "img") == []
    sent = [
        entry["message"]
        for entry in page.get_log("performance")
        if '"Network.requestWillBeSent"' in entry["message"]
    ]
    assert sent
    assert [text for text in sent if '"url":"http' in text and f'"url":"{address}/' not in text] == []


def test_a_click_copies_the_traceback_as_text(page, address):
    from selenium.webdriver.common.by import By

    granted = {"permissions": ["clipboardReadWrite", "clipboardSanitizedWrite"], "origin": address}
    page.execute_cdp_cmd("Browser.grantPermissions", granted)
    page.find_element(By.ID, "copy").click()
    copied = page.execute_async_script(
        "navigator.clipboard.readText().then(arguments[0], e => arguments[0](String(e)))"
    )
    assert copied == page.find_element(By.ID, "text").get_attribute("value")
    assert copied.startswith("Traceback")
    assert SECRET not in copied
