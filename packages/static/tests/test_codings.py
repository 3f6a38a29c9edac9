"""Precompressed variants are chosen by quality values: RFC 9110 section 12.5.3."""

import pytest

from tropea.static import static_server

FILES = {
    "a.css": "p" * 1000,
    "a.css.gz": "g" * 100,
    "a.css.br": "b" * 80,
    "a.css.zst": "z" * 90,
    "only.js": "q" * 1000,
    "only.js.gz": "only gzip",
    "plain.txt": "plain",
    "c.tar.gz": "an archive",
}


MODES_THAT_SCAN = ({}, {"memory": 0})
MODES = {"kept": {}, "scan": {"memory": 0}, "lazy": {"lazy": 10}, "auto": {"autorefresh": True}}


@pytest.fixture(params=[{}, {"lazy": 10}, {"autorefresh": True}], ids=["scan", "lazy", "auto"])
def app(request, tmp_path, fill):
    return static_server(fill(tmp_path, FILES), **request.param)


@pytest.mark.parametrize(
    ("field", "coding"),
    [
        (None, None),
        ("", None),
        ("gzip", "gzip"),
        ("GZIP", "gzip"),
        ("x-gzip", "gzip"),
        ("br, gzip", "br"),
        ("gzip, deflate, br, zstd", "br"),
        ("gzip;q=1.0, br;q=0.5", "gzip"),
        ("gzip;Q=0.2, zstd;q=0.3", "zstd"),
        ("br;q=0, gzip", "gzip"),
        ("br;q=0, gzip;q=0, zstd;q=0", None),
        ("*", "br"),
        ("*;q=0.5, br;q=0", "zstd"),
        ("identity", None),
        ("identity;q=0, gzip;q=0.001", "gzip"),
        ("identity;q=0.5, gzip;q=0.1", None),
        ("gzip;q=0.000", None),
        ("deflate", None),
        ("notgzip", None),
        ("gzip;q=nonsense", None),
    ],
)
def test_the_coding_that_is_most_welcome_is_sent(app, ask, field, coding):
    answer = ask(app, "/a.css", headers={} if field is None else {"Accept-Encoding": field})
    assert answer.status == 200
    assert answer.headers.get("content-encoding") == coding
    assert answer["Vary"] == "Accept-Encoding"
    letter = {None: b"p", "gzip": b"g", "br": b"b", "zstd": b"z"}[coding]
    assert set(answer.body) == set(letter)
    assert answer["Content-Type"] == "text/css; charset=utf-8"


def test_nothing_acceptable_is_406_where_there_is_a_choice(app, ask):
    for field in ("identity;q=0", "*;q=0", "gzip;q=0, identity;q=0"):
        answer = ask(app, "/only.js", headers={"Accept-Encoding": field})
        assert (answer.status, answer["Vary"]) == (406, "Accept-Encoding")
    # A file without variants is not negotiated: RFC 9110 lets a server disregard the field.
    assert ask(app, "/plain.txt", headers={"Accept-Encoding": "*;q=0"}).status == 200


def test_a_file_without_variants_does_not_vary(app, ask):
    assert "vary" not in ask(app, "/plain.txt").headers


def test_section_8_8_3_3_each_coding_has_its_own_strong_tag(app, ask):
    tags = {
        ask(app, "/a.css", headers={"Accept-Encoding": coding})["ETag"]
        for coding in ("identity", "gzip", "br", "zstd")
    }
    assert len(tags) == 4
    assert not any(tag.startswith("W/") for tag in tags)


def test_an_archive_is_never_a_coding(app, ask):
    answer = ask(app, "/c.tar.gz", headers={"Accept-Encoding": "gzip"})
    assert answer["Content-Type"] == "application/gzip"
    assert "content-encoding" not in answer.headers


def test_only_the_codings_of_the_option_are_used(tmp_path, fill, ask):
    app = static_server(fill(tmp_path, FILES), codings=("gz",))
    answer = ask(app, "/a.css", headers={"Accept-Encoding": "br, gzip;q=0.1"})
    assert answer["Content-Encoding"] == "gzip"


def test_long_spellings_are_not_remembered(app, ask):
    field = "gzip, " + "x" * 60_000
    assert ask(app, "/a.css", headers={"Accept-Encoding": field})["Content-Encoding"] == "gzip"
    assert field not in app.files.table.get("/a.css")._chosen


def test_many_spellings_do_not_fill_the_memory(app, ask):
    entry = None
    for number in range(200):
        ask(app, "/a.css", headers={"Accept-Encoding": f"gzip, x{number}"})
        entry = app.files.table.get("/a.css")
    assert len(entry._chosen) <= 32


@pytest.mark.parametrize("packed", ["older", "empty"])
@pytest.mark.parametrize("options", MODES.values(), ids=MODES)
def test_a_packed_file_of_another_state_is_not_sent(tmp_path, fill, ask, caplog, options, packed):
    root = fill(tmp_path, {"a.css": "new", "b.css": "b", "b.css.gz": "packed"})
    fill(tmp_path, {"a.css.gz": "" if packed == "empty" else "old"}, time=900_000_000)
    app = static_server(root, **options)
    answer = ask(app, "/a.css", headers={"Accept-Encoding": "gzip"})
    assert (answer.body, answer.headers.get("content-encoding")) == (b"new", None)
    assert ask(app, "/b.css", headers={"Accept-Encoding": "gzip"}).body == b"packed"
    if options in MODES_THAT_SCAN:
        assert "not sent packed: 'a.css.gz'" in caplog.text
        assert str(tmp_path) not in caplog.text


@pytest.mark.parametrize(
    "options", [{"memory": 0}, {"lazy": 10}, {"autorefresh": True}], ids=["scan", "lazy", "auto"]
)
def test_clients_that_only_take_packed_files_see_the_plain_one_change(tmp_path, fill, ask, options):
    app = static_server(fill(tmp_path, FILES), **options)
    held = ask(app, "/a.css", headers={"Accept-Encoding": "gzip"})
    assert held.body == b"g" * 100
    fill(tmp_path, {"a.css": "new"}, time=1_000_000_001)
    for headers in ({}, {"If-None-Match": held["ETag"]}, {"Range": "bytes=0-9"}):
        answer = ask(app, "/a.css", headers={"Accept-Encoding": "gzip", **headers})
        assert answer.body == b"new"
    (tmp_path / "a.css").unlink()
    assert ask(app, "/a.css", headers={"Accept-Encoding": "gzip"}).status == 404


def test_a_packed_file_older_than_its_changed_original_is_left_out(tmp_path, fill, ask):
    root = fill(tmp_path, FILES)
    app = static_server(root, keep=0)
    assert ask(app, "/a.css", headers={"Accept-Encoding": "gzip"}).body == b"g" * 100
    (root / "a.css").write_text("new")
    assert ask(app, "/a.css").body == b"new"
    answer = ask(app, "/a.css", headers={"Accept-Encoding": "gzip"})
    assert answer.body == b"new"
