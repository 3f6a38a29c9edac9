"""GET and HEAD as RFC 9110 has them, from the application and from the layer."""

import pytest

from tropea.core.errors import OptionError
from tropea.static import StaticMiddleware, static_server

MODES = {
    "scanned": {},
    "from disk": {"keep": 0},
    "lazy": {"lazy": 10},
    "autorefresh": {"autorefresh": True},
}


@pytest.fixture(params=MODES.values(), ids=MODES.keys())
def app(request, root):
    return static_server(root, **request.param)


def passed_on(environ, start_response):
    start_response("200 OK", [("Content-Type", "text/plain")])
    return [b"the application"]


def test_a_file_is_sent_with_its_type_length_and_validators(app, ask):
    answer = ask(app, "/a.txt")
    assert (answer.status, answer.body) == (200, b"hello world")
    assert answer["Content-Type"] == "text/plain; charset=utf-8"
    assert answer["Content-Length"] == "11"
    assert answer["Last-Modified"] == "Sun, 09 Sep 2001 01:46:40 GMT"
    assert answer["Accept-Ranges"] == "bytes"
    assert answer["X-Content-Type-Options"] == "nosniff"
    assert answer["ETag"][0] == answer["ETag"][-1] == '"'


def test_the_tag_of_a_small_file_is_made_of_its_content_alone(tmp_path, fill, ask):
    one = fill(tmp_path / "one", {"a.txt": "same"}, time=1_000_000_000)
    two = fill(tmp_path / "two", {"a.txt": "same"}, time=1_100_000_000)
    assert ask(static_server(one), "/a.txt")["ETag"] == ask(static_server(two), "/a.txt")["ETag"]


def test_the_tag_of_a_large_file_is_made_of_size_and_time_in_utc(root, ask):
    answer = ask(static_server(root, keep=0, hash_limit=100), "/big.bin")
    assert answer["ETag"] == f'"{10**18:x}-{1024 * 1024:x}"'


@pytest.mark.skipif(not hasattr(__import__("time"), "tzset"), reason="zones change with tzset")
def test_no_time_zone_comes_into_a_tag_or_a_date(root, ask, monkeypatch):
    import time

    answers = set()
    try:
        for zone in ("UTC", "Asia/Tokyo", "XYZ+11:30"):
            monkeypatch.setenv("TZ", zone)
            time.tzset()
            answer = ask(static_server(root, keep=0, hash_limit=0), "/big.bin")
            answers.add((answer["ETag"], answer["Last-Modified"]))
    finally:
        monkeypatch.undo()
        time.tzset()
    assert len(answers) == 1


def test_head_is_the_head_of_get_without_its_body(app, ask):
    for path in ("/a.txt", "/big.bin", "/empty.txt", "/sub/", "/sub", "/nothing"):
        got, head = ask(app, path), ask(app, path, "HEAD")
        assert (head.status, head.fields, head.body) == (got.status, got.fields, b"")


@pytest.mark.parametrize("header", ["If-None-Match", "If-Modified-Since"])
def test_section_13_1_a_client_that_is_up_to_date_gets_304(app, ask, header):
    held = ask(app, "/big.bin")
    value = held["ETag"] if header == "If-None-Match" else held["Last-Modified"]
    answer = ask(app, "/big.bin", headers={header: value})
    assert (answer.status, answer.body) == (304, b"")
    assert answer["ETag"] == held["ETag"]
    assert answer["Cache-Control"] == held["Cache-Control"]
    assert not {"content-type", "content-length", "last-modified"} & answer.headers.keys()


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"If-Match": '"other"'}, 412),
        ({"If-Match": "*"}, 200),
        ({"If-Match": "W/TAG"}, 412),
        ({"If-Match": "TAG", "If-None-Match": "TAG"}, 304),
        ({"If-Match": '"other"', "If-None-Match": "TAG"}, 412),
        ({"If-Unmodified-Since": "Sun, 09 Sep 2001 01:46:39 GMT"}, 412),
        ({"If-Unmodified-Since": "Sun, 09 Sep 2001 01:46:40 GMT"}, 200),
        ({"If-Unmodified-Since": "garbage"}, 200),
        ({"If-Match": "TAG", "If-Unmodified-Since": "Sun, 09 Sep 2001 01:46:39 GMT"}, 200),
        ({"If-None-Match": "W/TAG"}, 304),
        ({"If-None-Match": '"x", TAG'}, 304),
        ({"If-None-Match": "*"}, 304),
        ({"If-None-Match": '"x"', "If-Modified-Since": "Sun, 09 Sep 2001 01:46:40 GMT"}, 200),
        ({"If-Modified-Since": "Sunday, 09-Sep-01 01:46:40 GMT"}, 304),
        ({"If-Modified-Since": "Sun Sep  9 01:46:40 2001"}, 304),
        ({"If-Modified-Since": "Sun, 09 Sep 2001 01:46:39 GMT"}, 200),
        ({"If-Modified-Since": "Mon, 10 Sep 2001 01:46:40 GMT"}, 304),
        ({"If-Modified-Since": "garbage"}, 200),
        ({"If-Modified-Since": "Sun, 09 Sep 99999 01:46:40 GMT"}, 200),
        ({"If-None-Match": "TAG", "Range": "bytes=0-0"}, 304),
        ({"If-Match": '"other"', "Range": "bytes=999999999-"}, 412),
    ],
)
@pytest.mark.parametrize("path", ["/a.txt", "/big.bin"])
def test_section_13_2_2_conditions_are_decided_in_order(app, ask, path, headers, status):
    tag = ask(app, path)["ETag"]
    asked = {name: value.replace("TAG", tag) for name, value in headers.items()}
    assert ask(app, path, headers=asked).status == status


def test_a_304_repeats_vary_and_belongs_to_one_coding(app, ask):
    packed = ask(app, "/sub/b.css", headers={"Accept-Encoding": "br"})
    same = ask(
        app, "/sub/b.css", headers={"Accept-Encoding": "br", "If-None-Match": packed["ETag"]}
    )
    plain = ask(app, "/sub/b.css", headers={"If-None-Match": packed["ETag"]})
    assert (same.status, same["Vary"], same["ETag"]) == (304, "Accept-Encoding", packed["ETag"])
    assert (plain.status, plain["Vary"]) == (200, "Accept-Encoding")


def test_other_methods_get_405_from_the_application_and_pass_the_layer(root, ask):
    answer = ask(static_server(root), "/a.txt", "POST")
    assert (answer.status, answer["Allow"]) == (405, "GET, HEAD, OPTIONS")
    assert ask(static_server(root), "/nothing", "DELETE").status == 404
    assert ask(StaticMiddleware(passed_on, root), "/a.txt", "POST").body == b"the application"


def test_options_tells_the_methods(root, ask):
    answer = ask(static_server(root), "/a.txt", "OPTIONS")
    assert (answer.status, answer["Allow"], answer.body) == (204, "GET, HEAD, OPTIONS", b"")


def test_the_layer_passes_on_what_it_does_not_have(root, ask):
    layer = StaticMiddleware(passed_on, root, prefix="/static")
    assert ask(layer, "/static/a.txt").body == b"hello world"
    for path in ("/a.txt", "/static/none", "/staticky/a.txt", "/static//a.txt", "/static", ""):
        assert ask(layer, path, validate=bool(path)).body == b"the application"


def test_the_layer_reads_its_application_at_each_call(root, ask):
    layer = StaticMiddleware.layer(root)(None)
    layer.app = passed_on
    assert ask(layer, "/none").body == b"the application"


def test_a_folder_is_its_index_and_redirects_to_its_slash(app, ask):
    assert ask(app, "/sub/").body.startswith(b"<!doctype html>")
    answer = ask(app, "/sub", QUERY_STRING="a=1")
    assert (answer.status, answer["Location"]) == (301, "/sub/?a=1")
    mounted = ask(app, "/sub", SCRIPT_NAME="/shop")
    assert mounted["Location"] == "/shop/sub/"


def test_a_file_with_a_slash_redirects_to_the_file(app, ask):
    answer = ask(app, "/a.txt/")
    assert (answer.status, answer["Location"]) == (301, "/a.txt")
    assert ask(app, "/none.txt/").status == 404


def test_what_is_not_there_is_404_and_told_apart_from_nothing_else(app, ask):
    for path in ("/none", "/.env", "/../a.txt", "/sub//b.css", "/a.txt\0", "/\xff", "/a.txt."):
        answer = ask(app, path)
        assert (answer.status, answer.body) == (404, b"Not Found\n")


def test_wrong_options_fail_when_the_layer_is_built(root):
    for wrong in (
        {"root": root / "none"},
        {"root": ""},
        {"root": 3},
        {"root": {}},
        {"headers": 3},
        {"cache_control": [("a", 1)]},
        {"max_age": -1},
        {"immutable": 3},
        {"maxage": 3},
        {"keep": "much"},
        {"headers": {"X": "a\r\nb"}},
        {"headers": {"ETag": '"mine"'}},
        {"codings": ("zip",)},
        {"sendfile": "Content-Length"},
        {"cache_control": {"*": "a\nb"}},
        {"manifest": root / "a.txt"},
        {"prefix": "/a/../b"},
        {"types": {"x": "a\nb"}},
        {"keep": -1},
    ):
        with pytest.raises(OptionError):
            static_server(**({"root": root} | wrong))
    with pytest.raises(OptionError, match="did you mean 'max_age'"):
        StaticMiddleware.layer(root, maxage=3)


@pytest.mark.parametrize("options", MODES.values(), ids=MODES.keys())
def test_a_system_without_openat_and_pread_serves_the_same(
    root, ask, monkeypatch, tmp_path, options
):
    from tropea.static import folders, openfiles

    monkeypatch.setattr(folders, "HAS_HANDLES", False)
    monkeypatch.setattr(openfiles, "pread", openfiles._pread_by_seeking)
    (tmp_path / "secret").write_text("SECRET")
    (root / "out").symlink_to(tmp_path / "secret")
    (root / "in").symlink_to("a.txt")
    app = static_server(root, **options)
    assert ask(app, "/a.txt").body == ask(app, "/in").body == b"hello world"
    assert ask(app, "/sub/").status == 200
    assert ask(app, "/big.bin", headers={"Range": "bytes=300-"}).body[:2] == b"\x2c\x2d"
    assert ask(app, "/out").status == ask(app, "/none").status == 404
    tag = ask(app, "/big.bin")["ETag"]
    assert ask(app, "/big.bin", headers={"If-None-Match": tag}).status == 304
    (root / "big.bin").write_bytes(b"new")
    assert ask(app, "/big.bin").body == b"new"


def test_the_last_attempt_for_a_file_that_never_rests_is_not_an_error(root, ask, monkeypatch):
    from tropea.static import variants
    from tropea.static.errors import Stale

    app = static_server(root, keep=0)

    def always_stale(self):
        raise Stale

    monkeypatch.setattr(variants.Variant, "open", always_stale)
    assert ask(app, "/big.bin").status == 404


def test_a_file_that_cannot_be_read_at_the_scan_is_left_out_and_logged(
    root, ask, monkeypatch, caplog
):
    from tropea.static import openfiles

    def broken(descriptor, size, offset):
        raise OSError(5, "input/output error")

    with monkeypatch.context() as patched:
        patched.setattr(openfiles, "pread", broken)
        app = static_server(root)
    assert ask(app, "/a.txt").status == 404
    assert "input/output error" in caplog.text
    assert str(root) not in caplog.text


def test_a_file_that_changes_during_the_scan_is_served_as_it_became(root, ask, monkeypatch):
    from tropea.static import folders

    real = folders.FolderSource.open
    changed = []

    def change_first(self, found):
        if found.path == "a.txt" and not changed:
            changed.append(found)
            (root / "a.txt").write_text("it became longer")
        return real(self, found)

    monkeypatch.setattr(folders.FolderSource, "open", change_first)
    assert ask(static_server(root), "/a.txt").body == b"it became longer"


def test_the_representation_names_the_root_for_people(root):
    assert "FolderSource" in repr(static_server(root).files.mounts[0].sources[0])
