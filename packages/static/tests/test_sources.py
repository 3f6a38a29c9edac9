"""Folders, packages and archives, alone and one over another."""

import os
import sys
import zipfile

import pytest

from tropea.core.errors import OptionError
from tropea.static import (
    FolderSource,
    PackageSource,
    ZipSource,
    package_source,
    static_server,
)


def archive(path, files, **infos):
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as packed:
        for name, content in files.items():
            info = zipfile.ZipInfo(name, infos.get(name, (2001, 9, 9, 1, 46, 40)))
            info.compress_type = zipfile.ZIP_DEFLATED
            packed.writestr(info, content)
    return path


def test_a_zip_file_is_served_without_unpacking(tmp_path, ask):
    path = archive(
        tmp_path / "site.zip", {"a.txt": "hello", "sub/index.html": "<p>", "big.bin": "x" * 500_000}
    )
    for options in ({}, {"memory": 0}, {"lazy": 5}):
        app = static_server(f"zip:{path}", **options)
        answer = ask(app, "/a.txt")
        assert (answer.body, answer["Last-Modified"]) == (b"hello", "Sun, 09 Sep 2001 01:46:40 GMT")
        assert ask(app, "/sub/").body == b"<p>"
        assert ask(app, "/sub").status == 301
        assert ask(app, "/big.bin").body == b"x" * 500_000
        part = ask(app, "/big.bin", headers={"Range": "bytes=100000-100004,-5"})
        assert part.status == 206
        assert ask(app, "/big.bin", headers={"Range": "bytes=300000-"}).body == b"x" * 200_000
        assert ask(app, "/none").status == 404


def test_a_zip_member_is_never_sent_by_the_servers_file_wrapper(tmp_path, ask):
    app = static_server(ZipSource(archive(tmp_path / "s.zip", {"a.bin": "x" * 500_000})), memory=0)
    answer = ask(app, "/a.bin", **{"wsgi.file_wrapper": lambda file, size: pytest.fail("wrapped")})
    assert len(answer.body) == 500_000


def test_what_a_zip_file_must_not_serve_is_left_out(tmp_path, ask):
    path = tmp_path / "bad.zip"
    with zipfile.ZipFile(path, "w") as packed:
        for name in ("../up.txt", "/abs.txt", "a//b.txt", ".env", "C:x.txt", "ok.txt", "a\\b.txt"):
            packed.writestr(name, "SECRET" if name != "ok.txt" else "ok")
        link = zipfile.ZipInfo("link")
        link.external_attr = 0o120777 << 16
        packed.writestr(link, "/etc/passwd")
    source = ZipSource(path)
    assert {found.path for found in source.scan()} == {"ok.txt"}
    assert ask(static_server(source), "/link").status == 404
    source.close()


def test_a_folder_of_a_zip_file(tmp_path, ask):
    path = archive(tmp_path / "s.zip", {"dist/a.txt": "a", "src/b.txt": "b"})
    app = static_server(ZipSource(path, "dist"), listing=True)
    assert ask(app, "/a.txt").body == b"a"
    assert ask(app, "/src/b.txt").status == 404
    assert b"a.txt" in ask(app, "/").body


def test_an_archive_replaced_meanwhile_is_sent_as_it_was_opened(tmp_path, ask):
    path = archive(tmp_path / "s.zip", {"a.txt": "old" * 50_000})
    app = static_server(f"zip:{path}", memory=0)
    archive(tmp_path / "new.zip", {"a.txt": "new"}).replace(path)
    assert ask(app, "/a.txt").body == b"old" * 50_000


@pytest.mark.parametrize("options", [{}, {"memory": 0}, {"lazy": 9}, {"autorefresh": True}])
def test_a_damaged_member_of_a_zip_file_is_absent_and_the_others_are_served(
    tmp_path, ask, caplog, options
):
    path = archive(tmp_path / "s.zip", {"good.txt": "good", "bad.txt": "bad" * 100})
    data = bytearray(path.read_bytes())
    start = data.index(b"bad.txt") + len("bad.txt")
    data[start : start + 6] = b"\xff" * 6
    path.write_bytes(data)
    app = static_server(ZipSource(path), **options)
    assert ask(app, "/good.txt").body == b"good"
    for method in ("GET", "HEAD"):
        assert ask(app, "/bad.txt", method).status == 404
    if options in ({}, {"memory": 0}):
        assert "not served: 'bad.txt': cannot be read" in caplog.text


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system has no fork")
@pytest.mark.filterwarnings("ignore:.*use of fork:DeprecationWarning")
def test_processes_that_were_forked_read_one_zip_file_beside_each_other(tmp_path):
    content = bytes(range(256)) * 4000
    path = tmp_path / "s.zip"
    with zipfile.ZipFile(path, "w") as packed:  # stored: nothing but the last sum would tell
        packed.writestr("a.bin", content)
    source = ZipSource(path)
    found = source.find("a.bin")
    ours, theirs = os.pipe(), os.pipe()
    opened = source.open(found)
    child = os.fork()
    if not child:
        try:
            os.read(ours[0], 1)  # the parent stands in the middle of the file
            right = opened.read_at(0, 100_000) == content[:100_000]
            os.write(theirs[1], b"1" if right else b"0")
        finally:
            os._exit(0)
    first = opened.read_at(0, 500_000)
    os.write(ours[1], b"x")
    assert os.read(theirs[0], 1) == b"1"
    assert first + opened.read_at(500_000, 524_000) == content
    opened.close()
    source.close()
    os.waitpid(child, 0)
    for descriptor in ours + theirs:
        os.close(descriptor)


def test_a_file_that_is_no_zip_is_a_wrong_option(tmp_path):
    (tmp_path / "x.zip").write_text("no")
    with pytest.raises(OptionError, match="no zip file"):
        static_server(f"zip:{tmp_path / 'x.zip'}")


@pytest.fixture
def package(tmp_path, monkeypatch):
    monkeypatch.syspath_prepend(str(tmp_path))

    def make(name, zipped):
        files = {f"{name}/__init__.py": "", f"{name}/data/a.txt": "package data"}
        if zipped:
            monkeypatch.syspath_prepend(str(archive(tmp_path / f"{name}.zip", files)))
        else:
            for path, content in files.items():
                (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
                (tmp_path / path).write_text(content)
        return name

    yield make
    for name in ("folder_pkg", "zipped_pkg"):
        sys.modules.pop(name, None)


@pytest.mark.parametrize(("name", "zipped"), [("folder_pkg", False), ("zipped_pkg", True)])
def test_package_data_is_served_wherever_the_package_lies(package, ask, name, zipped):
    app = static_server(f"package:{package(name, zipped)}/data")
    answer = ask(app, "/a.txt")
    assert answer.body == b"package data"
    assert ask(app, "/a.txt", headers={"If-None-Match": answer["ETag"]}).status == 304
    assert ask(app, "/__init__.py").status == 404
    kind = ZipSource if zipped else FolderSource
    assert isinstance(package_source(name, "data"), kind)


def test_a_package_of_several_folders_is_served_through_its_importer(tmp_path, monkeypatch, ask):
    for part in ("one", "two"):
        monkeypatch.syspath_prepend(str(tmp_path / part))
        (tmp_path / part / "spread_pkg").mkdir(parents=True)
        (tmp_path / part / "spread_pkg" / f"{part}.txt").write_text(part)
    source = package_source("spread_pkg")
    assert isinstance(source, PackageSource)
    app = static_server(source)
    assert [ask(app, f"/{name}.txt").body for name in ("one", "two")] == [b"one", b"two"]
    assert "last-modified" not in ask(app, "/one.txt").headers


def test_a_package_that_is_not_there_is_a_wrong_option():
    for root in ("package:no_such_package_at_all", "package:tropea.static/nowhere"):
        with pytest.raises(OptionError):
            static_server(root)


def test_overlays_serve_the_first_that_has_a_file(tmp_path, fill, ask):
    theme = fill(tmp_path / "theme", {"a.css": "theme", "t.css": "t"})
    site = fill(tmp_path / "site", {"a.css": "site", "a.css.gz": "site, packed", "s.css": "s"})
    for options in ({}, {"lazy": 5}, {"autorefresh": True}):
        app = static_server([theme, site], listing=True, **options)
        assert ask(app, "/a.css").body == b"theme"
        # A variant belongs to the file of its own root.
        assert ask(app, "/a.css", headers={"Accept-Encoding": "gzip"}).body == b"theme"
        assert (ask(app, "/t.css").body, ask(app, "/s.css").body) == (b"t", b"s")
        listed = ask(app, "/").body
        assert listed.count(b">a.css<") == 1
        assert b">s.css<" in listed


def test_a_file_that_left_the_upper_root_is_taken_from_the_lower(tmp_path, fill, ask):
    theme = fill(tmp_path / "theme", {"a.css": "theme"})
    site = fill(tmp_path / "site", {"a.css": "site"})
    app = static_server([theme, site], keep=0)
    (theme / "a.css").unlink()
    assert ask(app, "/a.css").body == b"site"


def test_several_mounts(tmp_path, fill, ask):
    one = fill(tmp_path / "one", {"a.txt": "one"})
    two = fill(tmp_path / "two", {"a.txt": "two", "index.html": "index"})
    for options in ({}, {"lazy": 5}):
        app = static_server({"/one/": one, "/two": [two]}, **options)
        assert ask(app, "/one/a.txt").body == b"one"
        assert ask(app, "/two/a.txt").body == b"two"
        assert ask(app, "/two").status == 301
        assert ask(app, "/two/").body == b"index"
        assert ask(app, "/a.txt").status == 404


def test_a_source_of_ones_own(ask):
    class OneFile:
        def scan(self):
            return iter([self.find("x.txt")])

        def find(self, path):
            from tropea.static.sources import Found

            return Found("x.txt", 5, None, (5,), None) if path == "x.txt" else None

        def is_folder(self, path):
            return path == ""

        def children(self, path):
            return []

        def restat(self, found):
            return found.stamp

        def open(self, found):
            from tropea.static.bodies import InMemory

            return InMemory(b"mine!")

    app = static_server(OneFile())
    assert ask(app, "/x.txt").body == b"mine!"


def test_names_that_are_not_utf_8_or_that_windows_reads_otherwise_are_not_listed(tmp_path, fill):
    root = fill(tmp_path, {"a.txt": "a", "aux.txt": "x", "b.": "x", ".c": "x", "d:e": "x"})
    with open(os.fsencode(root) + b"/\xff.txt", "w"):
        pass
    assert [found.path for found in FolderSource(root).scan()] == ["a.txt"]
    assert [child.name for child in FolderSource(root).children("")] == ["a.txt"]


def test_a_listing_that_does_not_say_which_file_it_is_is_asked_again(tmp_path, fill):
    fill(tmp_path, {"a.txt": "a"})

    class Entry:
        """What Windows tells of a file in a listing."""

        name, path = "a.txt", str(tmp_path / "a.txt")

        def stat(self, follow_symlinks):
            held = list(os.stat(self.path))
            held[1] = 0  # st_ino
            return os.stat_result(held)

    source, listed = FolderSource(tmp_path), []
    source._collect([Entry()], "", "", listed)
    ((_, found),) = listed
    assert found.stamp == source.find("a.txt").stamp


def test_a_prefix_beyond_ascii_is_asked_for_as_utf_8(tmp_path, fill, ask):
    fill(tmp_path, {"a b.txt": "here"})
    for options in ({}, {"lazy": 5}):
        app = static_server({"/caf\xe9 1/": tmp_path}, **options)
        asked = "/caf\xe9 1/a b.txt".encode().decode("latin-1")
        assert ask(app, asked).body == b"here"
        assert app.static_url("a b.txt") == "/caf%C3%A9%201/a%20b.txt"


def test_names_beyond_ascii_are_asked_for_as_utf_8(tmp_path, fill, ask):
    app = static_server(fill(tmp_path, {"caf\xe9/\u65e5\u672c.txt": "here"}))
    path = "/caf\xe9/\u65e5\u672c.txt".encode().decode("latin-1")
    assert ask(app, path).body == b"here"


def test_a_link_that_becomes_a_file_while_it_is_followed_is_absent(
    tmp_path, fill, ask, monkeypatch
):
    (fill(tmp_path, {"a.txt": "a"}) / "l.txt").symlink_to("a.txt")
    app = static_server(tmp_path, autorefresh=True)

    def no_link_any_more(path):
        raise OSError(22, "invalid argument")

    monkeypatch.setattr(os.path, "realpath", no_link_any_more)
    assert (ask(app, "/l.txt").status, ask(app, "/a.txt").status) == (404, 200)


def test_a_file_that_may_not_be_read_is_absent(tmp_path, fill, ask, monkeypatch):
    app = static_server(fill(tmp_path, {"a.txt": "a"}), keep=0)
    real = os.open

    def deny(path, *args, **kwargs):
        if path == "a.txt":
            raise PermissionError(13, "denied")
        return real(path, *args, **kwargs)

    monkeypatch.setattr(os, "open", deny)
    assert ask(app, "/a.txt").status == 404
