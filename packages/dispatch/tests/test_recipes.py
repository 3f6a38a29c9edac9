"""The recipe book of Pesto's documentation: alone, under waitress, under CGI, inside others."""

from __future__ import annotations

import os
import runpy
import subprocess
import sys
import threading
import urllib.request
import warnings
from pathlib import Path

import pytest

PROGRAM = Path(__file__).parents[3] / "examples" / "recipes" / "recipes.py"
LINKS = ['href="{}/recipes/baked-beans"', 'href="{}/recipes/toast"']


@pytest.fixture
def recipes():
    if not PROGRAM.exists():
        pytest.skip(f"{PROGRAM} is not here: the package is tested outside its repository")
    return runpy.run_path(str(PROGRAM), run_name="recipes")["app"]


def check(read, prefix):
    """See that both pages are there and link to each other below *prefix*."""
    index = read(prefix + "/")
    for link in LINKS:
        assert link.format(prefix) in index
    page = read(prefix + "/recipes/toast")
    assert "How to make toast" in page
    assert f'href="{prefix}/"' in page


def test_alone(recipes, ask):
    check(lambda path: ask(recipes, path).body_text, "")
    assert ask(recipes, "/recipes/cheese").status_code == 404
    assert ask(recipes, "/recipes/toast", "POST").headers["Allow"] == "GET, HEAD"


def test_under_waitress(recipes):
    waitress = pytest.importorskip("waitress")
    server = waitress.create_server(recipes, host="127.0.0.1", port=0, threads=2)
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    try:
        address = f"http://127.0.0.1:{server.effective_port}"

        def read(path):
            with urllib.request.urlopen(address + path, timeout=10) as answer:
                return answer.read().decode()

        check(read, "")
    finally:
        # In the loop's own thread, connections included: the client may have left one open.
        server.trigger.pull_trigger(lambda: server.asyncore.close_all(server._map, ignore_all=True))
        thread.join(timeout=10)
        server.task_dispatcher.shutdown()
        assert not thread.is_alive()


def test_under_cgi(recipes):
    def read(path):
        environ = {
            **os.environ, "GATEWAY_INTERFACE": "CGI/1.1", "REQUEST_METHOD": "GET", "SERVER_PROTOCOL": "HTTP/1.1",
            "SERVER_NAME": "localhost", "SERVER_PORT": "80", "QUERY_STRING": "",
            "SCRIPT_NAME": "/cgi-bin/recipes.py", "PATH_INFO": path.removeprefix("/cgi-bin/recipes.py"),
        }  # fmt: skip
        done = subprocess.run(
            [sys.executable, PROGRAM], env=environ, capture_output=True, timeout=60, check=True
        )
        head, _, body = done.stdout.partition(b"\r\n\r\n")
        assert head.startswith(b"Status: 200 OK")
        return body.decode()

    check(read, "/cgi-bin/recipes.py")


def test_below_a_prefix_in_flask(recipes, ask):
    flask = pytest.importorskip("flask")
    from werkzeug.middleware.dispatcher import DispatcherMiddleware

    site = flask.Flask("site")
    site.add_url_rule("/", view_func=lambda: "flask")
    site.wsgi_app = DispatcherMiddleware(site.wsgi_app, {"/kitchen": recipes})
    check(lambda path: ask(site, path).body_text, "/kitchen")
    assert ask(site, "/").body == b"flask"


def test_below_a_prefix_in_pyramid(recipes, ask):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # pyramid's own
        config_module = pytest.importorskip("pyramid.config")
        wsgi_module = pytest.importorskip("pyramid.wsgi")
        config = config_module.Configurator()
        config.add_route("kitchen", "/kitchen*subpath")
        config.add_view(wsgi_module.wsgiapp2(recipes), route_name="kitchen")
        site = config.make_wsgi_app()
    check(lambda path: ask(site, path).body_text, "/kitchen")
