"""Listings, fallback pages and what a file's fields say."""

import json

import pytest

from tropea.core.errors import OptionError
from tropea.static import StaticMiddleware, serve_static_file, static_server
from tropea.static.dispositions import content_disposition
from tropea.static.mediatypes import MEDIA_TYPES, media_type

NASTY = (
    "<img src=x onerror=alert(1)>.txt",
    "quo\"te's & co.txt",
    "javascript-alert(1).txt",
    "caf\xe9 ?#%.txt",
)


@pytest.fixture(params=[{}, {"autorefresh": True}], ids=["scan", "auto"])
def listed(request, tmp_path, fill):
    root = fill(
        tmp_path / "site",
        {name: "x" for name in NASTY} | {"b.txt": "bb", "sub/c.txt": "c", ".env": "x"},
    )
    return static_server(root, listing=True, **request.param)


def test_a_listing_is_opt_in(tmp_path, fill, ask):
    root = fill(tmp_path, {"sub/c.txt": "c"})
    for path in ("/", "/sub/", "/sub"):
        assert ask(static_server(root), path).status == 404


def test_a_listing_escapes_every_name_and_hides_dot_files(listed, ask):
    text = ask(listed, "/").body.decode()
    assert "<img" not in text
    assert "&lt;img src=x onerror=alert(1)&gt;.txt" in text
    assert 'href="./caf%C3%A9%20%3F%23%25.txt"' in text
    assert ".env" not in text
    assert all(f'href="./{start}' in text for start in ("b.txt", "sub/", "javascript"))


def test_every_link_of_a_listing_leads_to_its_file(listed, ask):
    import re
    from html import unescape
    from urllib.parse import unquote_to_bytes

    text = ask(listed, "/").body.decode()
    links = [unescape(link) for link in re.findall(r'href="\./([^"]+)"', text)]
    assert len(links) == len(NASTY) + 2
    for link in links:
        path = "/" + unquote_to_bytes(link).decode("latin-1")
        assert ask(listed, path).status == 200


def test_a_listing_names_nothing_that_its_table_does_not_have(tmp_path, fill, ask):
    root = fill(tmp_path, {"a.txt": "a", "hidden/.env": "x"})
    (root / "empty").mkdir()
    app = static_server(root, listing=True)
    fill(root, {"later.txt": "x"})
    assert ask(app, "/later.txt").status == 404
    listed = json.loads(ask(app, "/", headers={"Accept": "application/json"}).body)
    assert [entry["name"] for entry in listed["entries"]] == ["a.txt"]
    app.rescan()
    assert b"later.txt" in ask(app, "/").body


def test_a_listing_as_json_and_its_order(listed, ask):
    answer = ask(
        listed, "/", headers={"Accept": "application/json"}, QUERY_STRING="sort=size&order=desc"
    )
    assert (answer["Content-Type"], answer["Vary"]) == ("application/json", "Accept")
    entries = json.loads(answer.body)["entries"]
    assert entries[0] == {"name": "sub", "type": "folder"}
    assert entries[1] == {"name": "b.txt", "type": "file", "size": 2, "modified": 1_000_000_000}
    assert {entry["name"] for entry in entries} == {"sub", "b.txt", *NASTY}


@pytest.mark.parametrize(
    "query", ["sort=%00&order=desc", "sort=<x>", "&&&=", "sort=name&order=asc", "%" * 300]
)
def test_a_listing_reads_no_query_that_it_does_not_know(listed, ask, query):
    answer = ask(listed, "/", QUERY_STRING=query)
    assert answer.status == 200
    assert b"<x>" not in answer.body


def test_a_listing_may_run_no_script(listed, ask):
    answer = ask(listed, "/sub/")
    assert "default-src 'none'" in answer["Content-Security-Policy"]
    assert b'href="../"' in answer.body
    assert "unsafe" not in answer["Content-Security-Policy"]
    assert answer.body.startswith(b"<!DOCTYPE html>")


def test_a_listing_has_a_tag_of_its_own(listed, ask):
    held = ask(listed, "/")
    again = ask(listed, "/", headers={"If-None-Match": held["ETag"]})
    assert (again.status, again["Vary"], again.body) == (304, "Accept", b"")
    other = ask(listed, "/", headers={"Accept": "application/json"})
    assert other["ETag"] != held["ETag"]
    assert ask(listed, "/", headers={"If-Match": '"x"'}).status == 412


def test_poorwsgis_names_of_the_options(tmp_path, fill, ask):
    root = fill(tmp_path, {"a.txt": "a", "sub/c.txt": "c"})
    app = static_server(document_root=root, document_index=True)
    assert ask(app, "/a.txt").body == b"a"
    assert b"c.txt" in ask(app, "/sub/").body  # PoorWSGI answered 500
    closed = static_server(document_root=str(root), document_index=False)
    assert ask(closed, "/sub/").status == 404
    for path in ("-secret/s.txt", "../root-secret/s.txt", ""):
        assert ask(app, path, validate=False).status in {301, 404}


BROWSER = {"Accept": "text/html,application/xhtml+xml,*/*;q=0.8"}


@pytest.fixture
def spa(tmp_path, fill):
    return fill(tmp_path / "spa", {"index.html": "<!doctype html>the page", "app.js": "run()"})


def test_the_fallback_page_answers_html_requests_only(spa, ask):
    app = static_server(spa, fallback="index.html")
    page = ask(app, "/users/7", headers=BROWSER)
    assert (page.status, page.body) == (200, b"<!doctype html>the page")
    assert "Accept" in page["Vary"]
    for headers in (
        {},
        {"Accept": "*/*"},
        {"Accept": "application/json"},
        {"Accept": "text/html;q=0"},
    ):
        assert ask(app, "/users/7", headers=headers).status == 404
    assert ask(app, "/users/7", "HEAD", BROWSER).body == b""
    assert ask(app, "/users/7", "POST", BROWSER).status == 404
    assert ask(app, "/app.js", headers=BROWSER).body == b"run()"


def test_the_fallback_page_takes_the_place_of_the_applications_404_alone(spa, ask):
    def app(environ, start_response):
        found = environ["PATH_INFO"] == "/api"
        start_response("200 OK" if found else "404 Not Found", [("Content-Type", "text/plain")])
        return [b"api" if found else b"none"]

    layer = StaticMiddleware(app, spa, fallback="index.html")
    assert ask(layer, "/api", headers=BROWSER).body == b"api"
    assert ask(layer, "/users/7", headers=BROWSER).body == b"<!doctype html>the page"
    assert ask(layer, "/users/7").body == b"none"
    assert ask(layer, "/users/7", "POST", BROWSER).body == b"none"


def test_a_fallback_page_that_is_not_there_is_missed_at_start_up(tmp_path, fill, ask):
    root = fill(tmp_path, {"caf\xe9.html": "<p>"})
    with pytest.raises(OptionError, match="fallback: no such file: 'index.html'"):
        static_server(root, fallback="index.html")
    html = {"Accept": "text/html"}
    assert ask(static_server(root, fallback="caf\xe9.html"), "/x", headers=html).body == b"<p>"
    later = static_server(root, fallback="index.html", autorefresh=True)
    assert ask(later, "/x", headers=html).status == 404
    fill(root, {"index.html": "later"})
    assert ask(later, "/x", headers=html).body == b"later"


def test_the_body_that_the_fallback_page_replaces_is_closed(spa, ask):
    class Body(list):
        closed = 0

        def close(self):
            Body.closed += 1

    def app(environ, start_response):
        start_response("404 Not Found", [("Content-Type", "text/plain")])
        return Body([b"none"])

    ask(StaticMiddleware(app, spa, fallback="index.html"), "/x", headers=BROWSER)
    assert Body.closed == 1


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("a.HTML", "text/html; charset=utf-8"), ("a.js", "text/javascript; charset=utf-8"),
        ("a.mjs", "text/javascript; charset=utf-8"), ("a.json", "application/json"),
        ("a.svg", "image/svg+xml"), ("a.wasm", "application/wasm"), ("a.woff2", "font/woff2"),
        ("a.mp4", "video/mp4"), ("a.tar.gz", "application/gzip"), ("README", "application/octet-stream"),
        ("a.unknown", "application/octet-stream"), ("a.map", "application/json"),
        ("site.webmanifest", "application/manifest+json"), ("a.xml", "application/xml"),
        ("favicon.ico", "image/vnd.microsoft.icon"),
    ],
)  # fmt: skip
def test_the_type_is_ours_and_not_the_hosts(tmp_path, fill, ask, name, kind):
    assert ask(static_server(fill(tmp_path, {name: "x"})), "/" + name)["Content-Type"] == kind


def test_the_table_of_types_is_frozen_and_well_formed():
    from tropea.core.fields import check_value

    with pytest.raises(TypeError):
        MEDIA_TYPES["x"] = "y"
    for extension, kind in MEDIA_TYPES.items():
        assert extension == extension.lower()
        assert check_value(kind).count("/") == 1
    assert media_type(".html") == "application/octet-stream"


def test_types_and_charset_are_options(tmp_path, fill, ask):
    root = fill(tmp_path, {"a.txt": "x", "b.foo": "x"})
    app = static_server(root, charset="iso-8859-1", types={".FOO": "text/x-foo"})
    assert ask(app, "/a.txt")["Content-Type"] == "text/plain; charset=iso-8859-1"
    assert ask(app, "/b.foo")["Content-Type"] == "text/x-foo; charset=iso-8859-1"
    assert ask(static_server(root, charset=""), "/a.txt")["Content-Type"] == "text/plain"


def test_cache_control_by_glob_and_the_first_rule_counts(tmp_path, fill, ask):
    root = fill(tmp_path, {"a.html": "x", "img/a.png": "x", "b.css": "x", "app.1a2b.js": "x"})
    app = static_server(
        root,
        cache_control={"*.html": "no-cache", "img/*": "max-age=3600", "*": "max-age=5"},
    )
    assert ask(app, "/a.html")["Cache-Control"] == "no-cache"
    assert ask(app, "/img/a.png")["Cache-Control"] == "max-age=3600"
    assert ask(app, "/b.css")["Cache-Control"] == "max-age=5"
    other = static_server(root, immutable=("*.[0-9a-f]*.js",), max_age=None)
    assert ask(other, "/app.1a2b.js")["Cache-Control"] == "max-age=31536000, immutable"
    assert "cache-control" not in ask(other, "/b.css").headers


def test_further_fields_are_sent_and_a_304_repeats_what_it_must(tmp_path, fill, ask):
    app = static_server(
        fill(tmp_path, {"a.txt": "x"}),
        headers=[
            ("Access-Control-Allow-Origin", "*"),
            ("Expires", "Thu, 01 Jan 2099 00:00:00 GMT"),
        ],
    )
    held = ask(app, "/a.txt")
    assert held["Access-Control-Allow-Origin"] == "*"
    again = ask(app, "/a.txt", headers={"If-None-Match": held["ETag"]})
    assert again["Expires"] == held["Expires"]


def test_a_field_that_is_asked_for_takes_the_place_of_ours(tmp_path, fill, ask):
    given = {"Cache-Control": "no-store", "content-disposition": "inline", "X-A": "1", "x-a": "2"}
    app = static_server(fill(tmp_path, {"a.txt": "a"}), headers=given, attachment=("*",))
    fields = [(name.lower(), value) for name, value in ask(app, "/a.txt").fields]
    for name in ("cache-control", "content-disposition", "content-type"):
        assert len([field for field in fields if field[0] == name]) == 1
    assert ("cache-control", "no-store") in fields
    assert [value for name, value in fields if name == "x-a"] == ["1", "2"]
    held = ask(app, "/a.txt", headers={"If-None-Match": dict(fields)["etag"]})
    assert held["Cache-Control"] == "no-store"
    with pytest.raises(OptionError, match="Content-Type is what the types of the files say"):
        static_server(tmp_path, headers={"Content-Type": "text/x"})


def test_attachments_are_downloaded_under_their_own_name(tmp_path, fill, ask):
    app = static_server(
        fill(tmp_path, {"up/caf\xe9.html": "x", "a.html": "x"}), attachment=("up/*",)
    )
    path = "/up/caf\xe9.html".encode().decode("latin-1")
    assert ask(app, path)["Content-Disposition"] == (
        "attachment; filename=\"caf_.html\"; filename*=UTF-8''caf%C3%A9.html"
    )
    assert "content-disposition" not in ask(app, "/a.html").headers


def test_no_spelling_of_an_extension_escapes_being_an_attachment(tmp_path, fill, ask):
    names = ["a.html", "b.HTML", "c.hTmL", "d.SVG"]
    app = static_server(fill(tmp_path, dict.fromkeys(names, "x")), attachment=("*.html", "*.Svg"))
    for name in names:
        assert ask(app, f"/{name}")["Content-Disposition"].startswith("attachment")


@pytest.mark.parametrize(
    ("name", "field"),
    [
        ("a.txt", 'attachment; filename="a.txt"'),
        ('a"b\\c.txt', 'attachment; filename="c.txt"'),
        ('a"b.txt', "attachment; filename=\"a_b.txt\"; filename*=UTF-8''a%22b.txt"),
        ("../../etc/passwd", 'attachment; filename="passwd"'),
        ("a\r\nSet-Cookie: x=1.txt", 'attachment; filename="aSet-Cookie: x=1.txt"'),
        ("100%.txt", "attachment; filename=\"100_.txt\"; filename*=UTF-8''100%25.txt"),
        ("\u202egpj.exe", 'attachment; filename="gpj.exe"'),
        ("..", "attachment"),
        ("\u65e5.txt", "attachment; filename=\"_.txt\"; filename*=UTF-8''%E6%97%A5.txt"),
        ("", "attachment"),
        (None, "attachment"),
        ("\ud800", 'attachment; filename="?"'),
    ],
)
def test_section_rfc_8187_names_reach_the_field_escaped(name, field):
    assert content_disposition(name) == field


@pytest.mark.parametrize(
    ("option", "name", "value"),
    [
        ("X-Sendfile", "X-Sendfile", "{root}/sub/a%20b.txt"),
        ("X-Accel-Redirect: /internal", "X-Accel-Redirect", "/internal/sub/a%20b.txt"),
    ],
)
def test_a_front_server_sends_the_bytes_by_configuration_only(
    tmp_path, fill, ask, option, name, value
):
    root = fill(tmp_path / "site", {"sub/a b.txt": "x" * 100, "empty.txt": ""})
    app = static_server(root, sendfile=option)
    answer = ask(app, "/sub/a b.txt", headers={"Range": "bytes=0-4"})
    assert (answer.status, answer.body) == (200, b"")
    assert answer[name] == value.format(root=root)
    assert "content-length" not in answer.headers
    assert ask(app, "/sub/a b.txt", headers={"If-None-Match": answer["ETag"]}).status == 304
    assert name in dict(ask(app, "/empty.txt").fields)
    asked = {"X-Sendfile-Type": "X-Sendfile", "X-Accel-Mapping": "/=/x/"}
    assert name.lower() not in ask(static_server(root), "/sub/a b.txt", headers=asked).headers


class Request:
    """What a dispatcher hands to a handler."""

    def __init__(self, **environ):
        self.environ = {"REQUEST_METHOD": "GET", "SCRIPT_NAME": "", "PATH_INFO": "/", **environ}


def test_a_front_server_is_not_told_of_folders_that_it_cannot_tell_apart(tmp_path, fill):
    one, two = fill(tmp_path / "one", {"a": "1"}), fill(tmp_path / "two", {"a": "2"})
    for root in ([one, two], {"/": one, "/two/": two}):
        with pytest.raises(OptionError, match="sendfile: X-Accel-Redirect names files of one"):
            static_server(root, sendfile="X-Accel-Redirect: /internal/")
        static_server(root, sendfile="X-Sendfile")
    static_server({"/": one, "/again/": one}, sendfile="X-Accel-Redirect: /internal/")


def test_a_server_is_also_a_handler_of_a_route(root):
    app = static_server(root)
    for args, groups in (((), {"path": "a.txt"}), (("a.txt",), {}), ((), {"rest": "a.txt"})):
        response = app(Request(PATH_INFO="/static/a.txt"), *args, **groups)
        assert (response.status, b"".join(response.app_iter)) == ("200 OK", b"hello world")
    moved = app(Request(PATH_INFO="/static/sub", SCRIPT_NAME="/shop"), path="sub")
    assert (moved.status_int, moved.headers["Location"]) == (301, "/shop/static/sub/")
    assert app(Request(PATH_INFO="/static/x"), path="x").status_int == 404
    assert app(Request(PATH_INFO="/a.txt")).status_int == 200
    assert app(Request(PATH_INFO="/static/../x"), path="../a.txt").status_int == 404
    assert app(Request(PATH_INFO="/static/x"), path="\udcff").status_int == 404


def test_one_file_as_a_response(root):
    response = serve_static_file(Request(), root / "sub" / "b.css")
    assert response.headers["Content-Type"] == "text/css; charset=utf-8"
    assert serve_static_file(Request(), b"sub/b.css", root=root).status_int == 200
    packed = serve_static_file(Request(HTTP_ACCEPT_ENCODING="gzip"), root / "sub" / "b.css")
    assert packed.headers["Content-Encoding"] == "gzip"
    held = serve_static_file(
        Request(HTTP_IF_NONE_MATCH=response.headers["ETag"]), root / "sub/b.css"
    )
    assert held.status_int == 304
    assert serve_static_file(Request(REQUEST_METHOD="POST"), root / "a.txt").status_int == 405
    assert serve_static_file(Request(REQUEST_METHOD="HEAD"), root / "a.txt").status_int == 200
    for path in (root, root / "none", "/dev/null"):
        assert serve_static_file(Request(), path).status_int == 404


def test_one_file_with_its_own_type_name_and_fields(root):
    response = serve_static_file(
        Request(), root / "a.txt", type="text/x-special", download="R\xe9sum\xe9.txt",
        cache_control="no-store", headers={"X-Made-By": "us"},
    )  # fmt: skip
    assert response.headers["Content-Type"] == "text/x-special"
    assert response.headers["Content-Disposition"].endswith("filename*=UTF-8''R%C3%A9sum%C3%A9.txt")
    assert response.headers["Cache-Control"] == "no-store"
    assert response.headers["X-Made-By"] == "us"


def test_one_file_below_a_root_obeys_all_rules(root, tmp_path):
    (tmp_path / "secret.txt").write_text("SECRET")
    (root / "out").symlink_to(tmp_path / "secret.txt")
    (root / ".env").write_text("SECRET")
    assert serve_static_file(Request(), "sub/b.css", root=root).status_int == 200
    for path in (
        "../secret.txt",
        "out",
        ".env",
        "sub",
        "",
        "sub/",
        "a.txt\0",
        str(tmp_path / "secret.txt"),
        "nul",
        "\udcff",
        "\ud800.txt",
    ):
        assert serve_static_file(Request(), path, root=root).status_int == 404
    assert serve_static_file(Request(), "a.txt", root=tmp_path / "nowhere").status_int == 404


def test_a_field_of_one_file_that_must_not_be_sent_fails(root):
    with pytest.raises(OptionError):
        serve_static_file(Request(), root / "a.txt", cache_control="a\r\nb")
    with pytest.raises(OptionError):
        serve_static_file(Request(), root / "a.txt", type="text/html\nX: y")
