"""Every layer works around other people's applications and inside other people's middleware."""

from __future__ import annotations

import gzip

import pytest

#: What other people's packages say of themselves while they are imported.
pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore:pkg_resources")

SOURCE = "a file with enough in it that compressing it is worth while\n" * 40


@pytest.fixture
def stack(tmp_path):
    """Put all our layers around an application."""
    from tropea.caching import etag_middleware
    from tropea.core import RegistryMiddleware, pipeline
    from tropea.rewrite import Rule, urlrewriter
    from tropea.sessions import SessionMiddleware
    from tropea.static import StaticMiddleware

    (tmp_path / "static").mkdir()
    (tmp_path / "static" / "file.txt").write_text(SOURCE)
    rules = [
        Rule("/short", "/page"),
        Rule("/old/(.*)", "/{1}", "redirect_permanent"),
    ]

    def put_around(app):
        return pipeline(
            RegistryMiddleware.layer(),
            urlrewriter(rules=rules),
            StaticMiddleware.layer(root=tmp_path / "static", prefix="/static/"),
            etag_middleware(),
            SessionMiddleware.layer(store=f"sqlite:///{tmp_path}/sessions.db"),
            app,
        )

    return put_around


@pytest.fixture
def visitor(stack, foreign_app):
    from tropea.core.testing import TestApp

    return TestApp(stack(foreign_app))


def test_a_session_counts_the_visits(visitor):
    assert [visitor.get("/visits").body for _ in range(3)] == [
        b"visits: 1", b"visits: 2", b"visits: 3",
    ]  # fmt: skip


def test_every_visitor_has_a_session(stack, foreign_app):
    from tropea.core.testing import TestApp

    app = stack(foreign_app)
    for _ in range(2):
        visitor = TestApp(app)
        assert visitor.get("/visits").body == b"visits: 1"


def test_a_page_that_does_not_touch_the_session_sets_no_cookie(visitor):
    assert visitor.get("/page").get_header("Set-Cookie") in (None, "")


def test_the_applications_own_tag_is_answered_304(visitor):
    first = visitor.get("/tagged")
    assert first.status.startswith("200")
    again = visitor.get("/tagged", HTTP_IF_NONE_MATCH='"v1"')
    assert again.status.startswith("304")
    assert again.body == b""


def test_a_file_is_answered_before_the_application(visitor):
    answer = visitor.get("/static/file.txt", HTTP_RANGE="bytes=0-5")
    assert (answer.status[:3], answer.body) == ("206", b"a file")


def test_a_path_is_rewritten_for_the_application(visitor):
    assert visitor.get("/short").body == b"path: /page"


def test_an_old_address_is_redirected(visitor):
    answer = visitor.get("/old/page")
    assert (answer.status[:3], answer.get_header("Location")) == ("301", "/page")


def test_a_form_reaches_the_application_whole(visitor):
    assert visitor.post("/form", data={"name": "Ada"}).body == b"name: Ada"


def test_what_the_application_does_not_know_is_its_own_404(visitor):
    assert visitor.get("/nothing").status.startswith("404")


class TestInsidePastesGzip:
    @pytest.fixture
    def visitor(self, stack, foreign_app):
        from paste.gzipper import middleware as gzip_middleware

        from tropea.core.testing import TestApp

        return TestApp(gzip_middleware(stack(foreign_app)), HTTP_ACCEPT_ENCODING="gzip")

    def test_the_file_comes_compressed(self, visitor):
        answer = visitor.get("/static/file.txt")
        assert answer.get_header("Content-Encoding") == "gzip"
        assert gzip.decompress(answer.body).decode() == SOURCE

    def test_the_session_works(self, visitor):
        visitor.get("/visits")
        answer = visitor.get("/visits")
        assert gzip.decompress(answer.body) == b"visits: 2"

    def test_a_304_stays_one(self, visitor):
        answer = visitor.get("/tagged", HTTP_IF_NONE_MATCH='"v1"')
        assert answer.status.startswith("304")


class TestBelowWerkzeugsDispatcher:
    @pytest.fixture
    def app(self, stack, foreign_app):
        from werkzeug.middleware.dispatcher import DispatcherMiddleware

        def elsewhere(environ, start_response):
            start_response("404 Not Found", [("Content-Type", "text/plain")])
            return [b"elsewhere"]

        return DispatcherMiddleware(elsewhere, {"/mounted": stack(foreign_app)})

    @pytest.fixture
    def visitor(self, app):
        from tropea.core.testing import TestApp

        return TestApp(app)

    def test_layers_see_the_path_below_the_mount(self, visitor):
        assert visitor.get("/mounted/short").body == b"path: /page"
        assert visitor.get("/mounted/static/file.txt").body.decode() == SOURCE

    def test_a_redirect_stays_below_the_mount(self, visitor):
        assert visitor.get("/mounted/old/page").get_header("Location") == "/mounted/page"

    def test_the_sessions_cookie_is_for_the_mount_alone(self, visitor):
        cookie = visitor.get("/mounted/visits").get_header("Set-Cookie")
        assert "Path=/mounted" in cookie
        assert visitor.get("/mounted/visits").body == b"visits: 2"

    def test_the_rest_is_not_ours(self, visitor):
        assert visitor.get("/page").body == b"elsewhere"


def test_ours_and_theirs_can_be_mixed_in_any_order(stack, foreign_app):
    """Paste's gzip between our layers, werkzeug's dispatcher below them."""
    from paste.gzipper import middleware as gzip_middleware
    from werkzeug.middleware.dispatcher import DispatcherMiddleware

    from tropea.core.testing import TestApp

    inner = DispatcherMiddleware(foreign_app, {})
    visitor = TestApp(stack(gzip_middleware(inner)), HTTP_ACCEPT_ENCODING="gzip")
    visitor.get("/visits")
    assert gzip.decompress(visitor.get("/visits").body) == b"visits: 2"
    assert visitor.get("/static/file.txt").body.decode() == SOURCE
