"""What a wrong line of an ini file gets: its section, what is wrong, and the nearest right word."""

from __future__ import annotations

import tomllib
from importlib.metadata import entry_points
from pathlib import Path

import pytest

from tropea.core import OptionError

ROOT = Path(__file__).resolve().parent.parent
PROJECTS = [tomllib.loads(file.read_text()) for file in ROOT.glob("packages/*/pyproject.toml")]
FILTERS = sorted(
    f"egg:{project['project']['name']}" + ("" if name == "main" else f"#{name}")
    for project in PROJECTS
    for name in project["project"].get("entry-points", {}).get("paste.filter_factory", {})
)


@pytest.fixture
def load(tmp_path):
    """Load an ini file that has one layer around a plain application."""
    from paste.deploy import loadapp

    def load_with(use, lines="", default=""):
        ini = tmp_path / "app.ini"
        ini.write_text(
            f"[DEFAULT]\n{default}\n[pipeline:main]\npipeline = ring app\n"
            f"[filter:ring]\nuse = {use}\n{lines}\n"
            "[app:app]\npaste.app_factory = wsgiref_app:factory\n"
        )
        return loadapp(f"config:{ini}")

    return load_with


@pytest.fixture(autouse=True)
def plain_app(monkeypatch):
    import sys
    from types import ModuleType
    from wsgiref.simple_server import demo_app

    module = ModuleType("wsgiref_app")
    module.factory = lambda global_conf, **local_conf: demo_app
    monkeypatch.setitem(sys.modules, module.__name__, module)


def test_what_the_projects_declare_is_what_is_installed():
    installed = {
        f"egg:{point.dist.name}" + ("" if point.name == "main" else f"#{point.name}")
        for point in entry_points(group="paste.filter_factory")
        if point.dist.name.startswith("tropea-")
    }
    assert installed == set(FILTERS)


@pytest.mark.parametrize("use", FILTERS)
def test_an_unknown_option_names_its_section(load, use):
    with pytest.raises(OptionError) as caught:
        load(use, "surely_no_option = 1")
    assert str(caught.value).startswith("[filter:ring]: has no option 'surely_no_option'")
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("use", "line", "message"),
    [
        ("egg:tropea-static", "rot = static", "[filter:ring]: has no option 'rot'; did you mean 'root'?"),
        ("egg:tropea-static", "prefiks = /x/", "[filter:ring]: has no option 'prefiks'; did you mean 'prefix'?"),
        ("egg:tropea-sessions", "stor = memory:", "[filter:ring]: has no option 'stor'; did you mean 'store'?"),
        ("egg:tropea-caching", "autoetag = yes", "[filter:ring]: has no option 'autoetag'; did you mean 'auto_etag'?"),
        ("egg:tropea-caching", "auto_etag = perhaps", "[filter:ring]: auto_etag: expected true or false, got 'perhaps'"),
    ],
)  # fmt: skip
def test_the_nearest_right_option_is_named(load, use, line, message):
    with pytest.raises(OptionError) as caught:
        load(use, line)
    assert str(caught.value).startswith(message)


def test_an_option_that_default_swallows_is_reported(load):
    with pytest.raises(OptionError, match=r"\[filter:ring\]: Paste Deploy drops 'auto_etag'"):
        load("egg:tropea-caching", "auto_etag = yes", default="auto_etag = no")
