"""The recipe book in a real browser: headless Chromium, two widths, two colour schemes."""

from __future__ import annotations

import os
import re
import shutil
import struct
import sys
import tempfile
import urllib.request
import zlib

import pytest

FLAGS = (
    "--headless=new", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
    "--disable-background-networking", "--disable-component-update", "--disable-sync",
    "--disable-dev-shm-usage",
)  # fmt: skip


def find(*names):
    return next((path for path in map(shutil.which, names) if path), None)


@pytest.fixture(scope="module")
def browser(require):
    chromium = find("chromium", "chromium-browser", "google-chrome")
    driver = find("chromedriver")
    if chromium is None or driver is None:
        require("browser", "Chromium with chromedriver")
    webdriver = pytest.importorskip("selenium.webdriver")
    from selenium.webdriver.chrome.service import Service

    options = webdriver.ChromeOptions()
    options.binary_location = chromium
    profile = tempfile.mkdtemp(prefix="browser-")
    for flag in (*FLAGS, f"--user-data-dir={profile}"):
        options.add_argument(flag)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
    window = webdriver.Chrome(options=options, service=Service(driver))
    window.implicitly_wait(5)
    yield window
    window.quit()
    shutil.rmtree(profile, ignore_errors=True)


@pytest.fixture(scope="module")
def address(clone, start):
    server = start([sys.executable, "serve.py", "--var", "var-of-browser"], clone)
    yield server.url
    server.stop()


@pytest.fixture
def page(browser, address):
    """A fresh visitor on a desktop's window."""
    browser.get(address)
    browser.delete_all_cookies()
    screen(browser, 1280, 900)
    return browser


def screen(browser, width, height, scheme="light"):
    browser.execute_cdp_cmd(
        "Emulation.setDeviceMetricsOverride",
        {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": width < 600},
    )
    browser.execute_cdp_cmd(
        "Emulation.setEmulatedMedia",
        {"features": [{"name": "prefers-color-scheme", "value": scheme}]},
    )


def css(browser, selector):
    return browser.find_element("css selector", selector)


def follow(browser, selector):
    """Click what leads to another page, and wait until that page is there."""
    from selenium.webdriver.support.expected_conditions import staleness_of
    from selenium.webdriver.support.wait import WebDriverWait

    before = css(browser, "html")
    css(browser, selector).click()
    WebDriverWait(browser, 20).until(staleness_of(before))


def keep_picture(browser, name):
    """Write a screenshot where TROPEA_SCREENSHOTS says, for people to look at."""
    folder = os.environ.get("TROPEA_SCREENSHOTS")
    if folder:
        browser.save_screenshot(os.path.join(folder, f"{name}.png"))


def complaints(browser):
    """What the browser's console says, but for statuses that the test asked for."""
    return [entry["message"] for entry in browser.get_log("browser") if entry["level"] == "SEVERE"]


def png(path):
    def chunk(kind, data):
        crc = struct.pack(">I", zlib.crc32(kind + data))
        return struct.pack(">I", len(data)) + kind + data + crc

    width, height = 64, 40
    row = b"\0" + b"".join(bytes((141, 33 + 2 * x, 88)) for x in range(width))
    path.write_bytes(
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0))
        + chunk(b"IDAT", zlib.compress(row * height))
        + chunk(b"IEND", b"")
    )
    return str(path)


PAGES = ["/", "/recipes/red-onion-soup", "/recipes/new", "/sign-in", "/nothing-here"]


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize(("width", "height"), [(360, 740), (1280, 900)], ids=["phone", "desktop"])
@pytest.mark.parametrize("path", PAGES)
def test_a_page_fits_its_screen_and_its_pictures_load(page, address, path, width, height, scheme):
    screen(page, width, height, scheme)
    page.get(address + path)
    keep_picture(page, f"{path.strip('/').replace('/', '-') or 'index'}-{width}-{scheme}")
    wide = page.execute_script("return document.documentElement.scrollWidth")
    assert wide <= width
    broken = page.execute_script(
        "return [...document.images].filter(i => !i.complete || !i.naturalWidth).map(i => i.src)"
    )
    assert broken == []
    ground = page.execute_script("return getComputedStyle(document.body).backgroundColor")
    red = int(ground.removeprefix("rgb(").split(",")[0])
    assert (red < 100) == (scheme == "dark")
    expected = ["404"] if path == "/nothing-here" else []
    assert [e for e in complaints(page) if not any(word in e for word in expected)] == []


def contrast(page, selector):
    """The contrast of a text with the ground behind it, as WCAG 2 computes it."""
    return page.execute_script(
        """
        const light = c => { const [r, g, b] = c.match(/[\\d.]+/g).slice(0, 3).map(v => {
            v /= 255; return v <= .04045 ? v / 12.92 : ((v + .055) / 1.055) ** 2.4; });
            return .2126 * r + .7152 * g + .0722 * b; };
        let e = document.querySelector(arguments[0]), ground = 'rgba(0, 0, 0, 0)';
        const text = getComputedStyle(e).color;
        for (; e && ground === 'rgba(0, 0, 0, 0)'; e = e.parentElement)
            ground = getComputedStyle(e).backgroundColor;
        const [a, b] = [light(text), light(ground)].sort((x, y) => y - x);
        return (a + .05) / (b + .05);
        """,
        selector,
    )


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("selector", ["h1", ".lead p", ".cards p", ".button", "nav a", ".bottom p"])
def test_text_can_be_read_on_its_ground(page, address, scheme, selector):
    screen(page, 1280, 900, scheme)
    page.get(address)
    assert contrast(page, selector) >= 4.5


def test_a_visitor_signs_in_adds_a_recipe_and_finds_it_again(page, address, tmp_path):
    page.get(f"{address}/sign-in")
    css(page, "#cook").send_keys("Grace")
    follow(page, "main button")
    assert css(page, ".note").text == "Welcome, Grace."
    assert css(page, ".who").text == "Grace"

    follow(page, "nav .button")
    css(page, "#title").send_keys("Pancakes <for two>")
    css(page, "#ingredients").send_keys("2 eggs\n1 cup of flour\nMilk")
    css(page, "#method").send_keys("Mix.\nBake.")
    css(page, "#picture").send_keys(png(tmp_path / "pancakes.png"))
    follow(page, "main button")
    assert css(page, "h1").text == "Pancakes <for two>"
    assert css(page, ".note").text == "Pancakes <for two> is in the book now."
    assert css(page, ".signed").text == "from the kitchen of Grace"
    assert page.execute_script("return document.querySelector('.hero').naturalWidth") == 64
    keep_picture(page, "added")

    page.get(address)
    assert "Pancakes <for two>" in css(page, ".recent").text
    assert page.find_elements("css selector", ".note") == []  # a flash is shown once
    follow(page, "button.quiet")
    assert css(page, ".note").text == "Come back soon."
    assert page.find_elements("css selector", ".who") == []


def test_the_session_cookie_is_out_of_reach_of_scripts(page, address):
    page.get(f"{address}/recipes/toast")
    (cookie,) = page.get_cookies()
    assert cookie["httpOnly"] is True
    assert cookie["sameSite"] == "Lax"
    assert page.execute_script("return document.cookie") == ""


def test_a_picture_that_is_none_comes_back_with_the_reason(page, address, tmp_path):
    fake = tmp_path / "fake.png"
    fake.write_text("<svg onload='alert(1)'/>")
    page.get(f"{address}/recipes/new")
    for name in ("title", "ingredients", "method"):
        css(page, f"#{name}").send_keys("Something")
    css(page, "#picture").send_keys(str(fake))
    follow(page, "main button")
    assert css(page, ".note.bad").text == "Only PNG, JPEG, GIF and WebP pictures are taken."
    assert css(page, "#title").get_attribute("value") == "Something"


def test_an_old_address_leads_to_the_recipe(page, address):
    page.get(f"{address}/index.php?article=toast")
    assert page.current_url == f"{address}/recipes/toast"


def test_an_inline_script_would_not_run(page, address):
    page.get(address)
    page.execute_script(
        "const s = document.createElement('script'); s.textContent = 'window.ran = 1';"
        "document.body.append(s)"
    )
    assert page.execute_script("return window.ran === undefined")


def test_the_page_is_dressed_by_names_that_never_change(page):
    """The style sheet and the pictures of the layout bear hashes of their content."""
    page.get(page.current_url)
    style = page.execute_script("return document.querySelector('link[rel=stylesheet]').href")
    brand = page.execute_script("return document.querySelector('.brand img').src")
    assert re.search(r"/static/style\.[0-9a-f]{12}\.css$", style)
    assert re.search(r"/static/onion\.[0-9a-f]{12}\.svg$", brand)
    for address in (style, brand):
        with urllib.request.urlopen(address) as answer:
            assert "immutable" in answer.headers["Cache-Control"]
    rules = page.execute_script("return document.styleSheets[0].cssRules.length")
    assert rules > 10
    assert page.execute_script("return document.querySelector('.brand img').naturalWidth") > 0
