"""PoorWSGI's document root, with whatever is installed as the server of files."""

from __future__ import annotations

import importlib.metadata
import sys

import pytest

from tropea.core import NotFound
from tropea.dispatch import Application, RouteError

#: A server of two files, as the ini file of anybody could name it.
SERVER = """
closed = []

class Body(list):
    def close(self):
        closed.append(self[0])

def app_main(global_conf, **options):
    def server(environ, start_response):
        path = environ["PATH_INFO"]
        if path == "/a.txt":
            start_response("200 OK", [("Content-Type", "text/plain")])
            return Body([repr(sorted(options.items())).encode()])
        if path == "/forbidden":
            start_response("403 Forbidden", [("Content-Type", "text/plain")])
            return Body([b"no"])
        start_response("404 Not Found", [("Content-Type", "text/plain")])
        return Body([b"the server's own page"])
    return server
"""


@pytest.fixture
def server(tmp_path, monkeypatch):
    """Install a distribution of that name before any other."""
    (tmp_path / "file_server_of_a_test.py").write_text(SERVER)
    info = tmp_path / "tropea_static-9.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: tropea-static\nVersion: 9\n")
    (info / "entry_points.txt").write_text(
        "[paste.app_factory]\nmain = file_server_of_a_test:app_main\n"
    )
    monkeypatch.syspath_prepend(str(tmp_path))
    yield
    sys.modules.pop("file_server_of_a_test", None)


@pytest.fixture
def app(server):
    app = Application("files", document_root="/srv/www", document_index=True)
    app.set_route("/routed", lambda request: "routed")
    return app


def test_a_file_answers_where_no_route_does(app, ask):
    answer = ask(app, "/a.txt")
    assert answer.body_text == "[('document_index', 'true'), ('document_root', '/srv/www')]"
    assert ask(app, "/routed").body == b"routed"


def test_head_has_the_fields_of_the_file_alone(app, ask):
    answer = ask(app, "/a.txt", "HEAD")
    assert (answer.status_code, answer.body) == (200, b"")


def test_what_the_server_refuses_is_refused(app, ask):
    assert ask(app, "/forbidden").status_code == 403


def test_what_is_no_file_is_the_applications_to_answer(app, ask):
    assert "the server's own page" not in ask(app, "/b.txt").body_text
    app.set_http_state(404, lambda request: "our page")
    answer = ask(app, "/b.txt")
    assert (answer.status_code, answer.body) == (404, b"our page")
    app.set_default(lambda request: "default")
    assert ask(app, "/b.txt").body == b"default"
    assert ask(app, "/a.txt").body != b"default"


def test_every_answer_of_the_server_is_closed(app, ask):
    for path in ("/a.txt", "/b.txt"):
        ask(app, path)
    assert len(sys.modules["file_server_of_a_test"].closed) == 2


def test_only_what_reads_gets_files(app, ask):
    assert ask(app, "/a.txt", "POST", b"x").status_code == 404
    assert ask(app, "/routed", "POST", b"x").status_code == 405


def test_hooks_stand_before_and_after_files(app, ask):
    @app.before_response()
    def gate(request):
        if request.query.get("no"):
            raise NotFound()

    @app.after_response()
    def note(request, response):
        response.headers["X-Seen"] = "1"

    assert ask(app, "/a.txt").headers["X-Seen"] == "1"
    assert ask(app, "/a.txt", QUERY_STRING="no=1").status_code == 404


def test_the_root_can_be_set_and_taken_away(app, ask):
    app.document_index = False
    app.document_root = "/elsewhere"
    assert (
        ask(app, "/a.txt").body_text
        == "[('document_index', 'false'), ('document_root', '/elsewhere')]"
    )
    app.document_root = None
    assert ask(app, "/a.txt").status_code == 404


def test_without_a_server_of_files_setting_a_root_says_what_to_install(monkeypatch):
    def nothing(name):
        raise importlib.metadata.PackageNotFoundError(name)

    monkeypatch.setattr("tropea.dispatch.documents.distribution", nothing)
    with pytest.raises(RouteError, match="pip install tropea-static"):
        Application("files", document_root="/srv/www")


def test_the_environment_says_where_files_are(server, ask):
    app = Application("files").read_environment(
        {"poor_DocumentRoot": "/srv/www", "poor_DocumentIndex": "On"}
    )
    assert (
        ask(app, "/a.txt").body_text
        == "[('document_index', 'true'), ('document_root', '/srv/www')]"
    )
    assert app.read_environment({"poor_DocumentIndex": "Off"}).document_index is False
    assert str(app.document_root) == "/srv/www"
