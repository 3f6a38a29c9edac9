"""A real browser: login, two tabs writing at once, logout, and the attributes it enforces."""

import importlib.util
import os
import pathlib
import shutil
import socketserver
import threading
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer

import pytest

from tropea.sessions import MemoryStore, SessionMiddleware

FLAGS = (
    "--headless=new", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
    "--disable-background-networking", "--disable-component-update", "--disable-sync",
    "--disable-dev-shm-usage",
)  # fmt: skip


class Server(socketserver.ThreadingMixIn, WSGIServer):
    daemon_threads = True


class Quiet(WSGIRequestHandler):
    def log_message(self, *arguments):
        pass


def load_site():
    path = pathlib.Path(__file__).with_name("data") / "browser_site.py"
    spec = importlib.util.spec_from_file_location("browser_site", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module.site


@pytest.fixture(scope="module")
def driver(tmp_path_factory):
    required = "browser" in os.environ.get("TROPEA_REQUIRE", "").replace(",", " ").split()
    browser = shutil.which("chromium") or shutil.which("chromium-browser")
    program = shutil.which("chromedriver")
    try:
        from selenium import webdriver
    except ImportError:
        webdriver = None
    if not (browser and program and webdriver):
        why = "a headless browser needs chromium, chromedriver and selenium"
        pytest.fail(why) if required else pytest.skip(why)
    options = webdriver.ChromeOptions()
    options.binary_location = browser
    for flag in (*FLAGS, f"--user-data-dir={tmp_path_factory.mktemp('profile')}"):
        options.add_argument(flag)
    made = webdriver.Chrome(options=options, service=webdriver.ChromeService(program))
    made.set_page_load_timeout(30)
    yield made
    made.quit()


@pytest.fixture
def serve():
    servers = []

    def start(**options):
        layer = SessionMiddleware(load_site(), MemoryStore(), **options)
        server = Server(("127.0.0.1", 0), Quiet)
        server.set_app(layer)
        threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
        servers.append(server)
        return f"http://localhost:{server.server_address[1]}"

    yield start
    for server in servers:
        server.shutdown()
        server.server_close()


def show(driver, address):
    driver.get(address)
    return driver.find_element("id", "data").text


def test_logging_in_writing_in_two_tabs_at_once_and_logging_out(driver, serve):
    site = serve(secure=True)
    driver.delete_all_cookies()
    assert show(driver, f"{site}/set?before=1") == "before=1"
    (cookie,) = driver.get_cookies()
    assert cookie["name"] == "__Host-session"
    assert (cookie["secure"], cookie["httpOnly"], cookie["path"]) == (True, True, "/")
    assert cookie["sameSite"] == "Lax"
    first = cookie["value"]

    assert show(driver, f"{site}/login?ann") == "before=1,user=ann"
    (cookie,) = driver.get_cookies()
    assert cookie["value"] != first

    one = driver.current_window_handle
    driver.switch_to.new_window("tab")
    two = driver.current_window_handle
    show(driver, f"{site}/")
    for tab, name in ((one, "a"), (two, "b")):
        driver.switch_to.window(tab)
        driver.execute_script(
            "window.done = Promise.all([...Array(10).keys()].map("
            f"n => fetch('/set?{name}' + n + '=1')))"
        )
    for tab in (one, two):
        driver.switch_to.window(tab)
        driver.execute_async_script("const end = arguments[0]; window.done.then(() => end())")
    expected = sorted([f"{name}{n}=1" for name in "ab" for n in range(10)])
    assert show(driver, f"{site}/").split(",") == [*expected, "before=1", "user=ann"]

    driver.switch_to.window(one)
    show(driver, f"{site}/logout")
    assert driver.get_cookies() == []
    driver.switch_to.window(two)
    assert show(driver, f"{site}/") == ""
    driver.close()
    driver.switch_to.window(one)


def test_the_script_of_a_page_does_not_see_the_cookie(driver, serve):
    site = serve()
    driver.delete_all_cookies()
    show(driver, f"{site}/set?k=v")
    assert driver.execute_script("return document.cookie") == ""
    assert [c["name"] for c in driver.get_cookies()] == ["session"]


def test_another_site_that_posts_here_sends_no_lax_cookie(driver, serve):
    """localhost and 127.0.0.1 are two sites for the browser."""
    here, there = serve(), serve()
    driver.delete_all_cookies()
    show(driver, f"{here}/set?k=v")
    driver.get(there.replace("localhost", "127.0.0.1"))
    driver.execute_script(
        "const f = document.createElement('form'); f.method = 'post';"
        f"f.action = '{here}/'; document.body.append(f); f.submit()"
    )
    from selenium.webdriver.support.ui import WebDriverWait

    WebDriverWait(driver, 20).until(lambda d: d.current_url.startswith(here))
    assert driver.find_element("id", "data").text == ""
    assert show(driver, f"{here}/") == "k=v"


def test_a_partitioned_cookie_is_kept(driver, serve):
    site = serve(secure=True, partitioned=True, samesite="None")
    driver.delete_all_cookies()
    show(driver, f"{site}/set?k=v")
    assert show(driver, f"{site}/") == "k=v"
    (cookie,) = driver.execute_cdp_cmd("Network.getCookies", {"urls": [site]})["cookies"]
    assert cookie["sameSite"] == "None"
    assert cookie.get("partitionKey")
