"""Paste Deploy: ``use = egg:tropea-static`` is a filter and an application."""

import pytest
from paste.deploy import loadapp

from tropea.core.errors import OptionError


@pytest.fixture
def ini(tmp_path, fill):
    fill(tmp_path / "site", {"a.txt": "hello", "sub/c.txt": "c", "b.html": "<p>"})

    def write(text):
        path = tmp_path / "site.ini"
        path.write_text(text)
        return f"config:{path}"

    return write


def test_as_an_application(ini, ask):
    app = loadapp(ini("""
[app:main]
use = egg:tropea-static
root = %(here)s/site
listing = yes
max_age = 5m
keep = 1K
cache_control =
    *.html: no-cache
headers =
    X-Made-By: us
"""))  # fmt: skip
    answer = ask(app, "/a.txt")
    assert (answer.body, answer["Cache-Control"]) == (b"hello", "max-age=300")
    assert answer["X-Made-By"] == "us"
    assert ask(app, "/b.html")["Cache-Control"] == "no-cache"
    assert b"c.txt" in ask(app, "/sub/").body


def test_as_a_filter_around_an_application_and_with_several_roots(ini, ask):
    app = loadapp(ini("""
[pipeline:main]
pipeline = static site

[filter:static]
use = egg:tropea-static
root =
    /s/ = %(here)s/site/sub
    /s/ = %(here)s/site
    /t/ = package:tropea.static

[app:site]
use = egg:tropea-static
root = %(here)s/site
"""))  # fmt: skip
    assert ask(app, "/s/c.txt").body == b"c"
    assert ask(app, "/s/a.txt").body == b"hello"
    assert ask(app, "/t/py.typed").status == 200
    assert ask(app, "/a.txt").body == b"hello"


def test_a_wrong_option_names_its_section(ini):
    config = ini("""
[app:main]
use = egg:tropea-static
root = %(here)s/site
maxage = 3
""")
    with pytest.raises(
        OptionError, match=r"\[app:main\]: has no option 'maxage'; did you mean 'max_age'"
    ):
        loadapp(config)
