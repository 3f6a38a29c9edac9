"""The routes of applications that frameworks make, and which of them answers."""

import json

import pytest

SITES = {
    "flask": (
        "import flask\n"
        "app = flask.Flask('site')\n"
        "@app.get('/')\ndef home(): return 'home'\n"
        "@app.get('/recipes/<name>')\ndef show(name): return name\n"
        "@app.get('/recipes/new')\ndef new(): return 'new'\n"
    ),
    "bottle": (
        "import bottle\n"
        "app = bottle.Bottle()\n"
        "@app.get('/')\ndef home(): return 'home'\n"
        "@app.get('/recipes/<name>')\ndef show(name): return name\n"
        "@app.get('/recipes/new')\ndef new(): return 'new'\n"
    ),
    "falcon": (
        "import falcon\n"
        "class home:\n    def on_get(self, request, response): response.text = 'home'\n"
        "class show:\n    def on_get(self, request, response, name): response.text = name\n"
        "class new:\n    def on_get(self, request, response): response.text = 'new'\n"
        "app = falcon.App()\n"
        "app.add_route('/', home())\napp.add_route('/recipes/{name}', show())\napp.add_route('/recipes/new', new())\n"
    ),
    "django": (
        "import sys\nfrom django.conf import settings\n"
        "settings.configure(SECRET_KEY='a key for tests', ROOT_URLCONF=__name__, ALLOWED_HOSTS=['*'])\n"
        "import django\ndjango.setup()\n"
        "from django.core.wsgi import WSGIHandler\nfrom django.http import HttpResponse\nfrom django.urls import path\n"
        "def home(request): return HttpResponse('home')\n"
        "def show(request, name): return HttpResponse(name)\n"
        "def new(request): return HttpResponse('new')\n"
        "urlpatterns = [path('', home), path('recipes/new', new), path('recipes/<name>', show)]\n"
        "app = WSGIHandler()\n"
    ),
}  # fmt: skip


@pytest.fixture(params=sorted(SITES))
def site(request, folder):
    (folder / "site_of.py").write_text(SITES[request.param])
    return request.param


def answering(tropea, method, path):
    answer = tropea("match", "site_of:app", method, path, "--all")
    assert "Traceback" not in answer.stderr, answer.stderr
    return (
        answer.returncode,
        [line for line in answer.stdout.splitlines() if "answers" in line],
        answer.stdout,
    )


def test_the_table_and_the_route_that_answers_are_told(tropea, site):
    listed = json.loads(tropea("routes", "site_of:app", "--json").stdout)
    handlers = {route["handler"].rpartition(".")[2] for route in listed}
    assert {"home", "show", "new"} <= handlers
    status, lines, _ = answering(tropea, "GET", "/recipes/toast")
    assert status == 0
    assert len(lines) == 1
    assert "toast" in lines[0]
    assert "show" in lines[0]
    _, lines, _ = answering(tropea, "GET", "/recipes/new")
    assert len(lines) == 1
    assert lines[0].rstrip().endswith("new")
    status, lines, told = answering(tropea, "GET", "/nothing")
    assert status == 1
    assert "no route" in lines[0]


@pytest.mark.parametrize("name", ["flask", "bottle", "falcon"])
def test_a_method_that_a_route_does_not_take_is_the_reason(tropea, folder, name):
    (folder / "site_of.py").write_text(SITES[name])
    status, _, told = answering(tropea, "DELETE", "/recipes/toast")
    assert status == 1
    assert "not for DELETE" in told


MOUNTED = """
[composite:main]
use = egg:Paste#urlmap
/ = home
/shop = shop

[app:home]
paste.app_factory = mounted:home

[app:shop]
paste.app_factory = mounted:shop
"""


def test_mounts_stand_before_patterns_and_take_their_part_of_the_path(tropea, folder):
    (folder / "app.ini").write_text(MOUNTED)
    (folder / "mounted.py").write_text(
        "import flask\n"
        "def home(global_conf):\n    app = flask.Flask('home')\n"
        "    @app.get('/<page>')\n    def page(page): return page\n    return app\n"
        "def shop(global_conf):\n    app = flask.Flask('shop')\n"
        "    @app.get('/cart')\n    def cart(): return 'cart'\n    return app\n"
    )
    listed = {
        r["pattern"]: r["handler"] for r in json.loads(tropea("routes", "app.ini", "--json").stdout)
    }
    assert listed["/shop/cart"].endswith("cart")
    assert listed["/<page>"].endswith("page")
    inside = tropea("match", "app.ini", "GET", "/shop/cart")
    assert "/shop/cart" in inside.stdout
    assert inside.returncode == 0
    assert (
        "answers"
        not in tropea("match", "app.ini", "GET", "/shopping/cart").stdout.partition("no route")[0]
    )
    assert "/<page>" in tropea("match", "app.ini", "GET", "/about").stdout
    elsewhere = tropea("match", "app.ini", "GET", "/cart", "--all")
    assert "mounted elsewhere" in elsewhere.stdout
    assert "answers with {'page': 'cart'}" in elsewhere.stdout
