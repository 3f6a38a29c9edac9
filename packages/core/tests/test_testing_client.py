"""TestApp: what Pesto's could do, and cookies, JSON and files beside it."""

from __future__ import annotations

import pytest
from tropea.core import Cookie, Response, expire_cookie, see_other, to_wsgi
from tropea.core.testing import CookieJar, TestApp, make_environ


def echo(environ, start_response):
    length = int(environ.get("CONTENT_LENGTH") or 0)
    body = environ["wsgi.input"].read(length)
    start_response("200 OK", [("Content-Type", "application/octet-stream")])
    head = f"{environ['REQUEST_METHOD']} {environ['PATH_INFO']} {environ['QUERY_STRING']} "
    return [head.encode("latin-1"), environ.get("CONTENT_TYPE", "-").encode(), b" ", body]


def test_get_is_of_the_root_by_default():
    assert TestApp(echo).get().body == b"GET /  - "


@pytest.mark.parametrize("method", ["get", "post", "put", "patch", "delete", "options"])
def test_every_method_has_a_call(method):
    assert getattr(TestApp(echo), method)("/x?a=1").body.startswith(
        f"{method.upper()} /x a=1 ".encode()
    )


def test_a_form_is_encoded_and_repeats_the_values_of_a_list():
    answer = TestApp(echo).post("/", {"a": [1, 2], "b": "é"})
    assert answer.body == b"POST /  application/x-www-form-urlencoded a=1&a=2&b=%C3%A9"


def test_json_is_encoded():
    assert TestApp(echo).put(json={"a": 1}).body == b'PUT /  application/json {"a": 1}'


def test_str_has_crlf_and_text_has_lf():
    app = TestApp(to_wsgi(lambda request: Response(["hi"])))
    assert str(app.get()) == "200 OK\r\nContent-Type: text/html; charset=UTF-8\r\n\r\nhi"
    assert app.get().text() == "200 OK\nContent-Type: text/html; charset=UTF-8\n\nhi"


def test_keywords_of_the_app_apply_to_every_request_and_those_of_a_request_win():
    def who(environ, start_response):
        start_response("200 OK", [("Content-Type", "text/plain")])
        return [f"{environ['REMOTE_ADDR']} {environ.get('HTTP_HOST')}".encode()]

    app = TestApp(who, REMOTE_ADDR="9.9.9.9")
    assert app.get(HTTP_HOST="h").body == b"9.9.9.9 h"
    assert app.get(REMOTE_ADDR="8.8.8.8").body == b"8.8.8.8 None"
    assert app.make_environ()["REMOTE_ADDR"] == "9.9.9.9"


def test_make_environ_has_the_keys_that_pesto_gave():
    assert sorted(TestApp.make_environ(PATH_INFO="/xyz")) == [
        "PATH_INFO", "QUERY_STRING", "REMOTE_ADDR", "REQUEST_METHOD", "SCRIPT_NAME",
        "SERVER_NAME", "SERVER_PORT", "SERVER_PROTOCOL", "wsgi.errors", "wsgi.input",
        "wsgi.multiprocess", "wsgi.multithread", "wsgi.run_once", "wsgi.url_scheme",
        "wsgi.version",
    ]  # fmt: skip
    assert make_environ("/é")["PATH_INFO"] == "/Ã©"


@pytest.mark.parametrize(
    "files", [[("f", "n.txt", "text/plain", b"DATA")], {"f": ("n.txt", "DATA", "text/plain")}]
)
def test_files_are_posted_as_a_browser_does(files):
    body = TestApp(echo).post_multipart(data={"t": "x"}, files=files).body
    assert b'name="t"\r\n\r\nx\r\n--' in body
    assert b'name="f"; filename="n.txt"\r\nContent-Type: text/plain\r\n\r\nDATA\r\n--' in body


def test_an_application_that_breaks_the_protocol_is_caught():
    def no_type(environ, start_response):
        start_response("200 OK", [])
        return [b""]

    with pytest.raises(AssertionError):
        TestApp(no_type).get()
    assert TestApp(no_type, validate=False).get().status == "200 OK"


def test_exceptions_of_the_application_reach_the_test():
    def fails(environ, start_response):
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        TestApp(fails).get()


def test_cookies_are_kept_sent_back_and_forgotten():
    @to_wsgi
    def app(request):
        if request.environ["PATH_INFO"] == "/set":
            return Response(
                "set", set_cookie=[Cookie("a", "x y", path="/"), Cookie("b", "2", path="/deep")]
            )
        if request.environ["PATH_INFO"] == "/forget":
            return Response("gone", set_cookie=expire_cookie("a"))
        return Response(request.environ.get("HTTP_COOKIE", "none"))

    client = TestApp(app)
    client.get("/set")
    assert client.cookies["a"] == "x y"
    assert client.get("/").body == b"a=x%20y"
    assert client.get("/deep/er").body == b"b=2; a=x%20y"
    client.get("/forget")
    assert client.get("/").body == b"none"
    assert client.get("/", HTTP_COOKIE="mine=1").body == b"mine=1"


def test_the_jar_minds_the_clock_the_scheme_and_the_domain():
    now = [1000.0]
    jar = CookieJar(clock=lambda: now[0])
    jar.store(
        [("Set-Cookie", "short=1;Max-Age=5;Path=/"), ("Set-Cookie", "safe=1;Secure;Path=/"),
         ("Set-Cookie", "wide=1;Domain=example.org;Path=/")],
        {"HTTP_HOST": "www.example.org"},
    )  # fmt: skip
    assert jar.header(make_environ(HTTP_HOST="www.example.org")) == "short=1; wide=1"
    assert "safe=1" in jar.header(make_environ(HTTP_HOST="www.example.org", **{"wsgi.url_scheme": "https"}))
    now[0] += 6
    assert jar.header(make_environ(HTTP_HOST="other.example")) == ""


def test_a_redirect_to_a_quoted_path_is_followed_as_a_server_would_decode_it():
    def app(environ, start_response):
        if environ["PATH_INFO"] == "/old":
            start_response(
                "303 See Other",
                [("Location", "/tea%20%26%20caf%C3%A9%3F?q=%20"), ("Content-Type", "text/plain")],
            )
            return [b""]
        start_response("200 OK", [("Content-Type", "text/plain")])
        return [environ["PATH_INFO"].encode("latin-1"), b" ", environ["QUERY_STRING"].encode()]

    assert TestApp(app).get("/old").follow().body == "/tea & café? q=%20".encode()


def test_a_redirect_can_be_followed():
    @to_wsgi
    def app(request):
        return see_other("/new?a=1") if request.environ["PATH_INFO"] == "/old" else "there"

    assert TestApp(app).post("/old").follow().body == b"there"
    with pytest.raises(AssertionError, match="not a redirect"):
        TestApp(app).get("/new").follow()


def test_a_full_url_sets_scheme_and_host():
    def where(environ, start_response):
        start_response("200 OK", [("Content-Type", "text/plain")])
        return [f"{environ['wsgi.url_scheme']} {environ['HTTP_HOST']}".encode()]

    assert TestApp(where).get("https://example.org/x").body == b"https example.org"


class TestLikeABrowser:
    @staticmethod
    def app(environ, start_response):
        fields = [("Content-Type", "text/plain")]
        path, query = environ["PATH_INFO"], environ["QUERY_STRING"]
        if path.startswith("/set"):
            fields.append(("Set-Cookie", f"a=1{query}"))
        if path.startswith("/go"):
            start_response("302 Found", [*fields, ("Location", query)])
            return [b""]
        start_response("200 OK", fields)
        said = (environ["wsgi.url_scheme"], environ.get("HTTP_HOST", ""), environ["SCRIPT_NAME"], path, query)
        return ["|".join([*said, environ.get("HTTP_COOKIE", "")]).encode("latin-1")]

    def test_rfc6265_5_1_4_the_path_of_a_cookie_begins_at_the_mount_point(self):
        client = TestApp(self.app, SCRIPT_NAME="/app")
        client.get("/set/a")
        assert client.get("/set/b").body.endswith(b"|a=1")
        assert client.get("/other").body.endswith(b"|")

    def test_rfc6265_5_3_a_cookie_without_a_domain_is_for_its_host_alone(self):
        client = TestApp(self.app)
        client.get("/set", HTTP_HOST="a.example:80")
        assert client.get("/", HTTP_HOST="a.example").body.endswith(b"|a=1")
        assert client.get("/", HTTP_HOST="b.example").body.endswith(b"|")
        client.cookies.set("b", "2")
        assert client.get("/", HTTP_HOST="b.example").body.endswith(b"|b=2")

    def test_rfc6265_5_2_2_a_max_age_that_is_no_number_is_ignored(self):
        client = TestApp(self.app)
        client.get("/set?;Max-Age=soon")
        assert client.cookies["a"] == "1"

    def test_a_redirect_is_followed_below_the_mount_point(self):
        client = TestApp(self.app, SCRIPT_NAME="/app")
        assert client.get("/go?/app/there?q=1").follow().body == b"http||/app|/there|q=1|"
        assert client.get("/go/?../up").follow().body == b"http||/app|/up||"
        assert client.get("/go?/elsewhere").follow().body == b"http|||/elsewhere||"

    def test_a_redirect_to_a_path_stays_on_its_host(self):
        first = TestApp(self.app).get("/go?/there", HTTP_HOST="a.example", **{"wsgi.url_scheme": "https"})
        assert first.follow().body == b"https|a.example||/there||"

    def test_a_field_that_is_given_twice_is_sent_joined(self):
        client = TestApp(lambda environ, start_response: Response(environ["HTTP_X_A"] + environ["HTTP_COOKIE"])(environ, start_response))
        pairs = [("X-A", "1"), ("Cookie", "a=1"), ("X-A", "2"), ("Cookie", "b=2")]
        assert client.get(headers=pairs).body == b"1, 2a=1; b=2"

    def test_a_query_is_sent_in_ascii(self):
        assert TestApp(self.app).get("/?x=é&y=%C3%A9").body.endswith("|x=%C3%A9&y=%C3%A9|".encode())
