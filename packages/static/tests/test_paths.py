"""What may be looked up at all: decided on segments, alike on every platform."""

from functools import partial
import os
import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tropea.core.testing import assert_linear
from tropea.static import static_server
from tropea.static.openers import HandleOpener, PathOpener
from tropea.static.errors import Gone
from tropea.static.paths import MAX_LENGTH, is_name, path_key, read_path


@pytest.mark.parametrize(
    "segment",
    ["", ".", "..", "...", "a.", "a ", "a:b", "C:", "a\\b", "a\0", "a\nb", "\x7f", "\x85", "a/b",
     "CON", "con", "nul", "NUL.txt", "aux.tar.gz", "COM1", "com\xb9", "LPT\xb3.x", "prn .txt",
     "CONIN$", "conout$", "clock$", "COM0", ".env", ".git", "\u200c.git", "\ufeff\u200d.env"],
)  # fmt: skip
def test_a_segment_that_windows_or_anybody_reads_otherwise_is_refused(segment):
    assert not is_name(segment)


@pytest.mark.parametrize(
    "segment",
    ["a", "a.b.c", "-", "~", "a b", "\xe9t\xe9", "\u65e5\u672c", "con1", "console", "aux-in.txt",
     "com10", "a\u200db", "\u200ca", "<b>", "a'b\"c", "%2e%2e", "a%00b", "$HOME", "a+b", "x~1.txt"],
)  # fmt: skip
def test_other_names_are_names(segment):
    assert is_name(segment)


def test_short_names_are_refused_where_windows_makes_them():
    assert not is_name("SECRET~1.TXT", short_names=False)
    assert is_name("backup~first", short_names=False)


@pytest.mark.parametrize(
    "path",
    ["//a", "/a//b", "/a/../b", "/./a", "/a/.", "/\xff", "/\xed\xa0\x80", "/a\0", "/.env",
     "/a/.well-known/x", "/" + "a" * MAX_LENGTH, "/a" * 200, "/\u20ac"],
)  # fmt: skip
def test_a_path_with_such_a_segment_is_refused(path):
    assert read_path(path) is None


def test_a_path_is_read_as_utf_8_once():
    assert read_path("/caf\xc3\xa9/%2e%2e/").segments == ("caf\xe9", "%2e%2e")
    assert read_path("/caf\xc3\xa9/").is_folder
    assert read_path("/.well-known/security.txt").segments[0] == ".well-known"
    assert read_path("").segments == read_path("/").segments == ()


@given(st.lists(st.text(st.characters(exclude_categories=["Cs"]), max_size=12), max_size=5))
def test_what_is_read_joins_to_a_path_below_any_root(segments):
    key = path_key("/" + "/".join(segments))
    read = read_path(key)
    if read is not None:
        joined = os.path.normpath(os.path.join("/srv/site", *read.segments))
        assert (joined + "/").startswith("/srv/site/")
        assert all(is_name(name) for name in read.segments if name != ".well-known")


def test_reading_a_path_takes_linear_time():
    assert_linear(lambda size: partial(read_path, "/" + "nul/" * size), 200)
    assert_linear(lambda size: partial(is_name, "~" * size + "1"), 200)


PIECES = (
    "..", ".", "", "/", "//", "\\", "%2e%2e", "%2f", "%5c", "..%2f", "...", "....//", "\0", "\r\n",
    "secret.txt", "a.txt", "sub", "root-secret", "s.txt", "link_out", "dirlink", ".env", ".git", "~",
    "C:", "CON", "aux.txt", "::$DATA", "etc", "passwd", "\xff", "\xc0\xae", "\xe2\x80\xae", "?x", "#",
    ";", "*", "$HOME", "index.html", "a.txt.", "a.txt ", "fifo", "A.TXT", "sub/b.txt", "\t", "a" * 300,
    "\xef\xbc\x8f", "\xe2\x88\x95", ".well-known", "SECRE~1.TXT", "\\\\host\\share", "{{7*7}}", "<x>",
)  # fmt: skip


@pytest.fixture(scope="module")
def fenced(tmp_path_factory):
    above = tmp_path_factory.mktemp("fence")
    root = above / "root"
    (root / "sub").mkdir(parents=True)
    for name in ("a.txt", "sub/b.txt", "sub/index.html"):
        (root / name).write_text("public")
    for path in (above / "secret.txt", root / ".env", root / "sub" / ".git"):
        path.write_text("SECRET")
    (above / "root-secret").mkdir()
    (above / "root-secret" / "s.txt").write_text("SECRET")
    (root / "link_out").symlink_to(above / "secret.txt")
    (root / "dirlink").symlink_to(above)
    os.mkfifo(root / "fifo")
    options = ({}, {"lazy": 50}, {"autorefresh": True}, {"listing": True})
    return above, [static_server(root, **option) for option in options]


def generated(count, seed):
    source = random.Random(seed)
    for _ in range(count):
        glue = source.choice(("/", "", "/", "\\"))
        path = glue.join(source.choices(PIECES, k=source.randint(1, 6)))
        yield path if source.random() < 0.1 else "/" + path


def hold(fenced, count, seed, which=slice(None)):
    """No byte outside the root, no hint of one, no 5xx."""
    above, servers = fenced
    servers = servers[which]
    parent = str(above).encode()
    for path in generated(count, seed):
        heads = set()
        for app in servers:
            told = []
            body = app(
                {"REQUEST_METHOD": "GET", "PATH_INFO": path, "QUERY_STRING": ""},
                lambda status, fields, told=told: told.append((status, fields)),
            )
            data = b"".join(body)
            getattr(body, "close", lambda: None)()
            status, fields = told[0]
            assert status[:3] in {"200", "301", "404"}, path
            assert b"SECRET" not in data, path
            text = repr(fields).encode() + data
            assert parent not in text, path
            assert not any(c in value for _, value in fields for c in "\r\n\0"), path
            location = dict(fields).get("Location", "/x")
            assert location[0] == "/" and location[1:2] not in {"/", "\\"}, path
            if status[:3] == "404":
                heads.add((status, repr(fields), data))
        assert len(heads) <= 1, path  # one 404 for everything: nothing tells what exists


def test_no_generated_path_leaves_the_root(fenced):
    hold(fenced, 4_000, seed=1)


@pytest.mark.slow
def test_a_million_generated_paths_stay_inside(fenced):
    hold(fenced, 1_000_000, seed=2, which=slice(1))
    hold(fenced, 50_000, seed=3, which=slice(1, None))


OPENERS = {"handles": HandleOpener, "paths": PathOpener}


@pytest.mark.parametrize("opener", OPENERS.values(), ids=OPENERS.keys())
def test_both_openers_stay_below_their_root(opener, tmp_path, fill):
    root = fill(tmp_path / "root", {"a.txt": "a", "sub/b.txt": "b"})
    (tmp_path / "secret").write_text("SECRET")
    (root / "link").symlink_to(tmp_path / "secret")
    (root / "sub" / "up").symlink_to("..")
    door = opener(str(root.resolve()), 4)
    for place, content in (("a.txt", b"a"), ("sub/b.txt", b"b")):
        for _ in range(2):
            descriptor = door.open(place)
            assert os.read(descriptor, 10) == content
            os.close(descriptor)
        assert door.restat(place).st_size == door.stat(place).st_size == 1
    for place in ("link", "sub/up/a.txt", "none", "a.txt/x", "sub/none", "x/y"):
        with pytest.raises(Gone):
            door.open(place)
    with door.entries("sub") as entries:
        assert [entry.name for entry in entries] == ["b.txt", "up"]
    with pytest.raises(Gone), door.entries("nowhere"):
        pass
    door.close()


def test_the_number_of_kept_handles_is_bounded(tmp_path, fill):
    root = fill(tmp_path, {f"d{n}/e/f.txt": str(n) for n in range(20)})
    door = HandleOpener(str(root), 3)
    before = len(os.listdir("/proc/self/fd"))
    for n in range(20):
        os.close(door.open(f"d{n}/e/f.txt"))
    assert len(os.listdir("/proc/self/fd")) - before == 3
    door.close()
    assert len(os.listdir("/proc/self/fd")) == before


def test_a_kept_handle_makes_a_file_one_system_call(tmp_path, fill, monkeypatch):
    root = fill(tmp_path, {"d/e/f.txt": "f"})
    door = HandleOpener(str(root), 3)
    os.close(door.open("d/e/f.txt"))
    calls = []
    real = os.open
    monkeypatch.setattr(os, "open", lambda *a, **k: calls.append(a) or real(*a, **k))
    os.close(door.open("d/e/f.txt"))
    assert [call[0] for call in calls] == ["f.txt"]
    door.close()


def test_a_host_that_runs_out_of_descriptors_is_not_taken_for_an_absent_file(
    tmp_path, fill, monkeypatch
):
    import errno

    root = fill(tmp_path, {"f.txt": "f"})
    door = HandleOpener(str(root), 3)

    def full(*args, **kwargs):
        raise OSError(errno.EMFILE, "too many open files")

    monkeypatch.setattr(os, "open", full)
    with pytest.raises(OSError, match="too many") as caught:
        door.open("f.txt")
    assert not isinstance(caught.value, Gone)
