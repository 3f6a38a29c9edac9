"""Real clients speak Digest with the layer: each does it a little differently."""

import os
import shutil

import pytest

from tropea.auth import DigestAuthMiddleware

REALM = "Kitchen"


@pytest.fixture
def address(serve, app, passwords):
    return serve(DigestAuthMiddleware(app, REALM, passwords, secret_key="k" * 32))


def test_curl(address, program):
    answer = program("curl", "-sS", "--digest", "-u", "ann:secret", f"{address}/a%20b?q=%20x&y=1")
    assert answer.stdout == "Digest ann 'ann'"
    refused = program("curl", "-s", "-o", os.devnull, "-w", "%{http_code}", "--digest", "-u", "ann:no", address)
    assert refused.stdout == "401"


def test_curl_with_a_name_in_utf8(address, program):
    answer = program("curl", "-sS", "--digest", "-u", "Jäsøn Doe:Secret, or not?", f"{address}/")
    assert "'Jäsøn Doe'" in answer.stdout


def test_wget(address, program):
    answer = program("wget", "-q", "-O", "-", "--user=ann", "--password=secret", f"{address}/x?q=1")
    assert answer.stdout == "Digest ann 'ann'"


def test_requests_in_one_session(address):
    requests = pytest.importorskip("requests")
    with requests.Session() as session:
        session.auth = requests.auth.HTTPDigestAuth("ann", "secret")
        codes = [session.get(f"{address}/page?n={n}").status_code for n in range(5)]
    assert codes == [200] * 5


def test_httpx(address):
    httpx = pytest.importorskip("httpx")
    with httpx.Client(auth=httpx.DigestAuth("ann", "secret")) as client:
        assert [client.get(f"{address}/p?n={n}%20").status_code for n in range(3)] == [200] * 3


def test_aiohttp(address):
    aiohttp = pytest.importorskip("aiohttp")
    import asyncio

    async def run():
        digest = aiohttp.DigestAuthMiddleware("ann", "secret")
        async with aiohttp.ClientSession(middlewares=(digest,)) as session:
            async with session.get(f"{address}/p?n=1") as answer:
                return answer.status, await answer.text()

    assert asyncio.run(run()) == (200, "Digest ann 'ann'")


def test_a_browser_with_parallel_fetches(address, tmp_path, program):
    chromium = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    driver = shutil.which("chromedriver")
    if not (chromium and driver):
        message = "no Chromium with its driver here"
        pytest.fail(message) if "browser" in os.environ.get("TROPEA_REQUIRE", "") else pytest.skip(message)
    webdriver = pytest.importorskip("selenium.webdriver")
    options = webdriver.ChromeOptions()
    options.binary_location = chromium
    for flag in ("--headless=new", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
                 "--disable-background-networking", "--disable-component-update", "--disable-sync",
                 "--disable-dev-shm-usage", f"--user-data-dir={tmp_path}"):  # fmt: skip
        options.add_argument(flag)
    browser = webdriver.Chrome(options, webdriver.ChromeService(driver))
    try:
        browser.get(address.replace("http://", "http://ann:secret@") + "/")
        assert "Digest ann" in browser.page_source
        codes = browser.execute_async_script(
            """
            const done = arguments[0], urls = [...Array(40).keys()].map(n => `${location.origin}/p?n=${n}`);
            Promise.all(urls.map(u => fetch(u).then(r => r.status))).then(done, e => done(String(e)));
            """
        )
    finally:
        browser.quit()
    assert codes == [200] * 40
