"""Paste Deploy: strings in, sections named, dropped options reported."""

import sys
from dataclasses import dataclass
from types import SimpleNamespace

import pytest
from paste.deploy import loadapp

from tropea.core import paste
from tropea.core.errors import OptionError
from tropea.core.layer import Layer


@dataclass(frozen=True)
class Options:
    max_age: int = 0
    name: str = "x"


class Aged(Layer):
    Options = Options

    def __call__(self, environ, start_response):
        def start(status, headers, exc_info=None):
            return start_response(status, [*headers, ("Age", str(self.options.max_age))], exc_info)

        return self.app(environ, start)


Aged.__module__ = "tropea.aged"
factory = paste.filter_factory(Aged)


def hello(global_conf, **local_conf):
    def app(environ, start_response):
        start_response("200 OK", [("Content-Type", "text/plain")])
        return [b"hello"]

    return app


@pytest.fixture
def ini(tmp_path, monkeypatch):
    monkeypatch.syspath_prepend(tmp_path)

    def write(text):
        path = tmp_path / "app.ini"
        path.write_text(text)
        return f"config:{path}"

    return write


@pytest.fixture(autouse=True)
def factories(monkeypatch):
    """A module for the ini to name: no distribution has to be installed for a test."""
    module = SimpleNamespace(factory=factory, hello=hello)
    monkeypatch.setitem(sys.modules, "aged_factories", module)


PIPELINE = """
[pipeline:main]
pipeline = aged hello
[app:hello]
paste.app_factory = aged_factories:hello
[filter:aged]
paste.filter_factory = aged_factories:factory
"""


def headers_of(app):
    seen = []
    list(app({}, lambda status, headers, exc_info=None: seen.extend(headers)))
    return dict(seen)


def test_a_filter_reads_strings(ini):
    app = loadapp(ini(PIPELINE + "max_age = 60\n"))
    assert headers_of(app)["Age"] == "60"


def test_a_wrong_option_names_the_layer(ini):
    with pytest.raises(OptionError, match=r"egg:tropea-aged#main: has no option 'maxage'; did you mean 'max_age'"):
        loadapp(ini(PIPELINE + "maxage = 60\n"))


SECTION = """
[DEFAULT]
name = swallowed
[filter:other]
use = egg:tropea-other
max_age = 1
[filter:aged]
use = egg:tropea-aged
max_age = 60
[filter:aged-too]
use = egg: tropea_aged#main
name = y
"""


def test_the_section_is_found_by_the_options_that_paste_passes(tmp_path):
    path = tmp_path / "app.ini"
    path.write_text(SECTION)
    conf = {"__file__": str(path)}
    find = paste.find_section
    assert find(conf, {"max_age": "60"}, egg="tropea-aged", name="main") == ("filter:aged", ())
    assert find(conf, {"max_age": "1"}, egg="tropea-none", name="main") == ("", ())


def test_a_wrong_value_names_its_section(tmp_path):
    path = tmp_path / "app.ini"
    path.write_text(SECTION.replace("60", "soon"))
    with pytest.raises(OptionError, match=r"^\[filter:aged\]: max_age: expected a whole number, got 'soon'"):
        factory({"__file__": str(path)}, max_age="soon")


def test_an_option_that_paste_dropped_is_reported(tmp_path):
    path = tmp_path / "app.ini"
    path.write_text(SECTION.replace("use = egg:tropea-aged\n", "use = egg:tropea-away\n"))
    with pytest.raises(OptionError, match=r"^\[filter:aged-too\]: Paste Deploy drops 'name' because \[DEFAULT\]"):
        factory({"__file__": str(path)})


class Late(Layer):
    """A layer that sees only when it is built that an option is of no use."""

    Options = Options

    def prepare(self):
        raise OptionError(f"name: no such thing: {self.options.name!r}")


def test_an_option_that_fails_when_the_layer_is_built_names_its_section_too(monkeypatch):
    monkeypatch.setattr(paste, "distribution_of", lambda layer_class: "tropea-late")
    with pytest.raises(OptionError, match=r"^egg:tropea-late#main: name: no such thing: 'x'"):
        paste.filter_factory(Late)({}, name="x")(print)
    make = paste.app_factory(lambda options: Late(print, options), Options, egg="tropea-late")
    with pytest.raises(OptionError, match=r"^egg:tropea-late#main: name: no such thing: 'y'"):
        make({}, name="y")


def test_without_a_file_the_entry_point_is_named():
    with pytest.raises(OptionError, match="^egg:tropea-aged#main: has no option 'x'"):
        factory({}, x="1")


def test_the_factory_has_the_signature_of_its_options():
    import inspect

    assert list(inspect.signature(factory).parameters) == ["global_conf", "max_age", "name"]
    assert factory.__doc__ == "Make the filter Aged of a Paste Deploy section."


def test_an_application_factory_reads_its_section(tmp_path):
    make = paste.app_factory(lambda options: options, Options, egg="tropea-aged")
    assert make({}, max_age="5") == Options(max_age=5)


def test_a_factory_with_two_names_finds_the_section_of_either(tmp_path):
    path = tmp_path / "app.ini"
    conf = {"__file__": str(path)}
    path.write_text("[filter:a]\nuse = egg:tropea-aged#alias\nmax_age = 1\n")
    found = paste.find_section(conf, {"max_age": "1"}, egg="tropea-aged", name="main")
    assert found == ("filter:a", ())
    path.write_text(
        "[filter:a]\nuse = egg:tropea-aged#alias\nmax_age = 1\n"
        "[filter:b]\nuse = egg:tropea-aged\n"
    )
    found = paste.find_section(conf, {"max_age": "1"}, egg="tropea-aged", name="main")
    assert found == ("filter:b", ()), "the name itself comes first"
