"""The programs of Pesto's documentation, written anew, do what it said of them."""

from __future__ import annotations

import socket
import subprocess
import sys
from pathlib import Path

import pytest
from tropea.core.testing import TestApp

EXAMPLES = Path(__file__).resolve().parent.parent
CLASSICS = sorted(path.name for path in (EXAMPLES / "classics").glob("*.py"))


@pytest.fixture
def free_port():
    with socket.create_server(("127.0.0.1", 0)) as server:
        return server.getsockname()[1]


@pytest.fixture
def visitor(load_example, request):
    return TestApp(load_example(f"classics/{request.param}").application)


def of(name):
    return pytest.mark.parametrize("visitor", [name], indirect=True, ids=[""])


@pytest.mark.parametrize("name", CLASSICS)
def test_a_classic_is_short(name):
    assert 30 <= len((EXAMPLES / "classics" / name).read_text().splitlines()) <= 70


@pytest.mark.parametrize(
    ("name", "path", "shown"),
    [("contact.py", "/contact-form", "<form"), ("cookies.py", "/", "Parts: none"), ("drinks.py", "/", "wine")],
)  # fmt: skip
def test_a_classic_serves_over_a_socket(name, path, shown, start, curl, tmp_path, free_port):
    """Run as a person would, but for the port: the one in the file may be taken here."""
    source = (EXAMPLES / "classics" / name).read_text()
    assert source.count(", 8000, ") == 1
    (tmp_path / name).write_text(source.replace(", 8000, ", f", {free_port}, "))
    server = start([sys.executable, name], tmp_path, silent_port=free_port)
    answer = subprocess.run([curl, "-s", server.url + path], capture_output=True, text=True)
    server.stop()
    assert shown in answer.stdout


@of("drinks.py")
class TestDrinks:
    def test_water_becomes_wine_in_json_that_nobody_keeps(self, visitor):
        answer = visitor.get("/")
        assert answer.json == {"preferred-drink": "wine"}
        assert answer.get_header("Content-Type") == "application/json"
        assert answer.get_header("Cache-Control") == "no-cache, no-store, must-revalidate"
        assert answer.get_header("Expires") == "Mon, 26 Jul 1997 05:00:00 GMT"


@of("contact.py")
class TestContactForm:
    def test_get_shows_the_form_and_post_takes_it(self, visitor, capsys):
        page = visitor.get("/contact-form").body.decode()
        assert "action='/contact-form'" in page
        answer = visitor.post("/contact-form", data={"email": "a@b.example", "message": "hello"})
        assert (answer.status[:3], answer.get_header("Location")) == ("303", "/thanks")
        assert "Thank you" in visitor.get("/thanks").body.decode()
        assert capsys.readouterr().out == "From: 'a@b.example'\nhello\n"

    @pytest.mark.parametrize(
        "data", [{}, {"email": "a@b.example"}, {"email": "a@b\nBcc: c@d", "message": "x"}]
    )
    def test_what_cannot_be_sent_is_refused(self, visitor, data, capsys):
        assert visitor.post("/contact-form", data=data).status.startswith("400")
        assert capsys.readouterr().out == ""

    def test_other_methods_are_told_which_there_are(self, visitor):
        answer = visitor.delete("/contact-form")
        assert (answer.status[:3], answer.get_header("Allow")) == ("405", "GET, HEAD, POST")


@of("cookies.py")
class TestCookies:
    def test_a_cookie_is_set_read_and_cleared(self, visitor):
        assert visitor.get("/").body == b"Parts: none"
        order = visitor.post("/order")
        assert "partnumber=Rocket_Launcher_0001" in order.get_header("Set-Cookie")
        assert visitor.get("/").body == b"Parts: Rocket_Launcher_0001"
        assert "Max-Age=0" in visitor.post("/cancel").get_header("Set-Cookie")
        assert visitor.get("/").body == b"Parts: none"

    def test_all_cookies_of_a_name_are_read_in_order(self, visitor):
        answer = visitor.get("/", HTTP_COOKIE="partnumber=1; other=x; partnumber=2")
        assert answer.body == b"Parts: 1, 2"

    def test_only_the_right_word_passes(self, visitor):
        assert visitor.get("/secret", HTTP_COOKIE="secret_code=marmot").body == b"pass, friend"
        for field in ("secret_code=badger", 'secret_code="', ""):
            assert visitor.get("/secret", HTTP_COOKIE=field).status.startswith("403")
