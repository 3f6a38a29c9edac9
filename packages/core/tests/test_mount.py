"""Applications side by side, over each other, and behind Apache's rewriting."""

from io import BytesIO
from wsgiref.validate import validator

import pytest

from tropea.core import OptionError, RequestOptions, mount_app, overlay, use_redirect_url
from tropea.core.request import Request


def call(app, path="/", method="GET", body=b"", **more):
    environ = {
        "REQUEST_METHOD": method, "SCRIPT_NAME": "", "PATH_INFO": path, "QUERY_STRING": "",
        "SERVER_NAME": "localhost", "SERVER_PORT": "80", "SERVER_PROTOCOL": "HTTP/1.1",
        "wsgi.version": (1, 0), "wsgi.url_scheme": "http", "wsgi.input": BytesIO(body), "wsgi.errors": BytesIO(),
        "wsgi.multithread": False, "wsgi.multiprocess": False, "wsgi.run_once": False, **more,
    }  # fmt: skip
    if body:
        environ["CONTENT_LENGTH"] = str(len(body))
    head = []

    def start_response(status, headers, exc_info=None):
        head[:] = [status, headers]
        return lambda block: None

    answer = app(environ, start_response)
    content = b"".join(answer)
    if hasattr(answer, "close"):
        answer.close()
    return head[0], content.decode(), environ


def named(name):
    def app(environ, start_response):
        start_response("200 OK", [("Content-Type", "text/plain")])
        return [f"{name}|{environ['SCRIPT_NAME']}|{environ['PATH_INFO']}".encode()]

    return app


class TestMountApp:
    app = staticmethod(
        mount_app({"/": named("root"), "/a": named("a"), "/a/b": named("ab"), "/c/": named("c")})
    )

    @pytest.mark.parametrize(
        ("path", "expected"),
        [
            ("/", "root||/"), ("/a/", "a|/a|/"), ("/a/bc", "a|/a|/bc"),  # recorded answers of Pesto 25
            ("/a", "a|/a|"), ("/a/b", "ab|/a/b|"), ("/a/b/c/d", "ab|/a/b|/c/d"), ("/ab", "root||/ab"),
            ("/c", "c|/c|"), ("/c/x", "c|/c|/x"), ("", "root||"), ("//a", "root||//a"), ("/a//b", "a|/a|//b"),
        ],
    )  # fmt: skip
    def test_whole_segments_match_the_longest_first(self, path, expected):
        status, content, _ = call(self.app, path)
        assert (status, content) == ("200 OK", expected)

    def test_the_environ_outside_keeps_its_path(self):
        *_, environ = call(self.app, "/a/b/c")
        assert (environ["SCRIPT_NAME"], environ["PATH_INFO"]) == ("", "/a/b/c")

    def test_nothing_mounted_there_is_404(self):
        status, *_ = call(mount_app({"/a": named("a")}), "/b")
        assert status == "404 Not Found"

    def test_mounts_nest(self):
        inner = mount_app({"/b": named("b")})
        assert call(mount_app({"/a": inner}), "/a/b/c")[1] == "b|/a/b|/c"

    def test_a_mount_point_may_have_any_letters(self):
        app = mount_app({"/ž": named("z")})
        assert call(app, "/ž/x".encode().decode("latin-1"))[1].startswith("z|")

    def test_what_an_application_sets_is_seen_outside_when_it_starts(self):
        seen = []

        def app(environ, start_response):
            environ["my.value"] = 1
            start_response("200 OK", [("Content-Type", "text/plain")])
            yield b"x"

        mounted = mount_app({"/a": app})

        def outer(environ, start_response):
            def start(status, headers, exc_info=None):
                seen.append(environ.get("my.value"))
                return start_response(status, headers, exc_info)

            return mounted(environ, start)

        call(outer, "/a")
        assert seen == [1]

    def test_each_environ_has_its_request(self):
        def app(environ, start_response):
            request = Request.of(environ)
            start_response("200 OK", [("Content-Type", "text/plain")])
            return [f"{request.script_name}|{request.path_info}".encode()]

        mounted = mount_app({"/a": app})

        def outer(environ, start_response):
            request = Request.of(environ)
            assert request.path_info == "/a/b"
            body = mounted(environ, start_response)
            assert Request.of(environ) is request
            return body

        assert call(outer, "/a/b")[1] == "/a|/b"

    def test_a_body_that_is_made_late_still_sees_its_path(self):
        def app(environ, start_response):
            start_response("200 OK", [("Content-Type", "text/plain")])
            return (environ["PATH_INFO"].encode() for _ in range(1))

        assert call(mount_app({"/a": app}), "/a/b")[1] == "/b"

    def test_it_keeps_to_pep_3333(self):
        app = validator(mount_app({"/a": validator(named("a"))}))
        assert call(app, "/a", **{"wsgi.errors": __import__("io").StringIO()})[1] == "a|/a|"

    @pytest.mark.parametrize(
        "apps", [{"a": named("a")}, {"/a": named("a"), "/a/": named("b")}, {"/a": 5}]
    )
    def test_a_mistake_is_found_when_it_is_written(self, apps):
        with pytest.raises(OptionError):
            mount_app(apps)


def missing(environ, start_response):
    environ["my.trace"] = 1
    start_response("404 Not Found", [("Content-Type", "text/plain")])
    return [b"missing"]


class TestOverlay:
    def test_the_first_that_is_not_404_answers(self):
        assert call(overlay(missing, named("second"), named("third")))[1] == "second||/"

    def test_the_last_one_answers_whatever_it_says(self):
        status, content, _ = call(overlay(missing, missing))
        assert (status, content) == ("404 Not Found", "missing")

    def test_what_an_application_did_that_does_not_answer_is_forgotten(self):
        seen = []

        def second(environ, start_response):
            seen.append(environ.get("my.trace"))
            return named("second")(environ, start_response)

        call(overlay(missing, second))
        assert seen == [None]

    def test_bodies_that_are_not_sent_are_closed(self):
        closed = []

        class Body(list):
            def close(self):
                closed.append(True)

        def first(environ, start_response):
            start_response("404 Not Found", [])
            return Body([b"x"])

        call(overlay(first, named("b")))
        assert closed == [True]

    def test_the_next_application_can_read_the_body_again(self):
        def reads(status):
            def app(environ, start_response):
                content = environ["wsgi.input"].read(int(environ["CONTENT_LENGTH"]))
                start_response(status, [("Content-Type", "text/plain")])
                return [content]

            return app

        app = overlay(reads("404 Not Found"), reads("404 Not Found"), reads("200 OK"))
        assert call(app, method="POST", body=b"hello")[1] == "hello"

    def test_a_body_that_cannot_be_read_is_refused(self):
        app = overlay(missing, named("b"))
        assert call(app, method="POST", CONTENT_LENGTH="five")[0] == "400 Bad Request"
        assert call(app, method="POST", body=b"x", CONTENT_LENGTH="1")[0] == "200 OK"

    def test_a_lazy_application_is_asked_too(self):
        def lazy(environ, start_response):
            start_response("404 Not Found", [])
            yield b"x"

        assert call(overlay(lazy, named("b")))[1] == "b||/"

    def test_nothing_to_overlay_is_refused(self):
        with pytest.raises(OptionError):
            overlay()


class TestUseRedirectUrl:
    def test_the_url_that_was_asked_for_comes_back(self):
        app = use_redirect_url(named("x"))
        more = {"REDIRECT_URL": "/pies", "REDIRECT_QUERY_STRING": "a=1", "SCRIPT_NAME": "/app.cgi"}
        _, content, environ = call(app, "/index", **more)
        assert content == "x||/pies"
        assert environ["QUERY_STRING"] == "a=1"

    def test_the_query_can_be_left_alone(self):
        app = use_redirect_url(use_redirect_querystring=False)(named("x"))
        *_, environ = call(
            app, REDIRECT_URL="/pies", REDIRECT_QUERY_STRING="a=1", QUERY_STRING="b=2"
        )
        assert environ["QUERY_STRING"] == "b=2"

    def test_without_a_rewrite_nothing_changes(self):
        assert call(use_redirect_url(named("x")), "/a")[1] == "x||/a"

    def test_a_url_that_is_no_path_is_400(self):
        assert call(use_redirect_url(named("x")), REDIRECT_URL="evil")[0] == "400 Bad Request"


def test_an_overlay_keeps_no_more_of_a_body_than_the_options_of_the_request_allow():
    def missing(environ, start_response):
        start_response("404 Not Found", [])
        return []

    options = {
        "tropea.core.request_options": RequestOptions(max_body=10),
        "wsgi.input_terminated": True,
    }
    assert call(overlay(missing, missing), "/", "POST", b"x" * 11, **options)[0].startswith("413")
    chunked = {**options, "wsgi.input": BytesIO(b"x" * 11)}
    assert call(overlay(missing, missing), "/", "POST", **chunked)[0].startswith("413")
    assert call(overlay(missing, missing), "/", "POST", b"x" * 10, **options)[0].startswith("404")
