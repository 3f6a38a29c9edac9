"""Hashed assets, packed variants and the commands that make both."""

from functools import partial
import gzip
import json
import os
import subprocess
import sys

import pytest

from tropea.core.testing import assert_linear
from tropea.core.errors import OptionError
from tropea.static import (
    MissingAsset,
    StaticError,
    StaticMiddleware,
    build_assets,
    compress_tree,
    static_server,
    static_url,
)
from tropea.static.__main__ import main
from tropea.static.building import hash_tree
from tropea.static.packing import installed, packers
from tropea.static.references import relative, replace_references, resolve

SITE = {
    "css/app.css": """@import "base.css"; /* url(comment.png) */
b { background: url( "../img/x.png?v=1#f" ); content: "url(../img/x.png)" }
i { background: url(data:image/png;base64,AA==) url('//cdn.example/x.png') url(/abs.png) url(none.png) }
/*# sourceMappingURL=app.css.map */""",
    "css/base.css": "a { mask: url(../img/logo.svg#icon) }",
    "css/app.css.map": '{"version": 3, "file": "app.css", "sources": ["app.scss"], "mappings": ""}',
    "js/app.js": "run();\n//# sourceMappingURL=app.js.map\n",
    "js/app.js.map": '{"version": 3, "file": "app.js", "sources": ["a.ts"], "mappings": ""}',
    "img/x.png": "picture",
    "img/logo.svg": "<svg/>",
    "robots.txt": "all",
    ".hidden": "no",
}


@pytest.fixture
def built(tmp_path, fill):
    source = fill(tmp_path / "assets", SITE)
    names = build_assets(source, tmp_path / "out")
    return tmp_path / "out", names


def test_every_file_is_copied_under_a_name_of_its_content(built):
    out, names = built
    assert set(names) == set(SITE) - {".hidden"}
    for plain, hashed in names.items():
        assert (out / hashed).is_file()
        assert hashed != plain
        assert hashed.rpartition("/")[0] == plain.rpartition("/")[0]
        assert (
            hashed.partition(".")[2].partition(".")[2] == plain.rpartition("/")[2].partition(".")[2]
        )
    assert json.loads((out / "manifest.json").read_text())["files"] == names


def test_references_of_style_sheets_are_rewritten(built):
    out, names = built
    css = (out / names["css/app.css"]).read_text()
    base = names["css/base.css"].rpartition("/")[2]
    assert f'@import "{base}"' in css
    assert f'url( "../{names["img/x.png"]}?v=1#f" )' in css
    for kept in (
        "url(comment.png)",
        '"url(../img/x.png)"',
        "url(data:",
        "'//cdn.example/x.png'",
        "url(/abs.png)",
        "url(none.png)",
    ):
        assert kept in css
    assert f"url(../{names['img/logo.svg']}#icon)" in (out / names["css/base.css"]).read_text()


def test_scripts_and_their_maps_name_each_other(built):
    out, names = built
    for plain in ("js/app.js", "css/app.css"):
        text = (out / names[plain]).read_text()
        held = json.loads((out / names[plain + ".map"]).read_text())
        assert f"sourceMappingURL={names[plain + '.map'].rpartition('/')[2]}" in text
        assert held["file"] == names[plain].rpartition("/")[2]


def test_a_change_renames_what_refers_to_it_and_nothing_else():
    before, _ = hash_tree({name: text.encode() for name, text in SITE.items()})
    after, _ = hash_tree(
        {n: t.encode() for n, t in (SITE | {"img/logo.svg": "<svg>new</svg>"}).items()}
    )
    changed = {name for name in before if before[name] != after[name]}
    assert changed == {"img/logo.svg", "css/base.css", "css/app.css", "css/app.css.map"}


def test_style_sheets_that_import_each_other_are_hashed_together():
    files = {
        "a.css": b"@import 'b.css';",
        "b.css": b"@import 'a.css';",
        "c.css": b"@import 'a.css';",
    }
    names, contents = hash_tree(files)
    assert names["b.css"].encode() in contents["a.css"]
    assert names["a.css"].encode() in contents["b.css"]
    assert names["a.css"].encode() in contents["c.css"]
    other, _ = hash_tree(files | {"b.css": b"@import 'a.css'; b {}"})
    assert all(other[name] != names[name] for name in files)


def test_a_style_sheet_that_is_not_text_is_copied_as_it_is():
    names, contents = hash_tree({"a.css": b"\xff\xfe url(b.png)", "b.png": b"x"})
    assert contents["a.css"] == b"\xff\xfe url(b.png)"
    assert set(names) == {"a.css", "b.png"}


def test_a_build_may_be_repeated_and_keeps_what_pages_still_ask_for(tmp_path, fill):
    source = fill(tmp_path / "assets", SITE)
    first = build_assets(source, tmp_path / "out")
    times = {path: path.stat().st_mtime_ns for path in (tmp_path / "out").rglob("*.png")}
    (source / "img" / "logo.svg").write_text("<svg>2</svg>")
    second = build_assets(source, tmp_path / "out")
    assert (tmp_path / "out" / first["img/logo.svg"]).is_file()
    assert second["img/logo.svg"] != first["img/logo.svg"]
    assert {path: path.stat().st_mtime_ns for path in times} == times
    assert not list((tmp_path / "out").rglob(".*"))


def test_the_target_may_not_lie_inside_the_source(tmp_path, fill):
    source = fill(tmp_path / "assets", {"a.css": ""})
    for target in (source, source / "out"):
        with pytest.raises(StaticError):
            build_assets(source, target)


@pytest.mark.parametrize(
    ("name", "reference"),
    [
        ("my image.png", 'url("my image.png")'),
        ("img(1).png", "url('img(1).png')"),
        ("q'x.png", 'url( "q\'x.png" )'),
        ('d"x.css', "@import 'd\"x.css'"),
        ("my image.png", "url(my%20image.png)"),
    ],
)
def test_quoted_references_may_hold_what_bare_ones_may_not(name, reference):
    names, contents = hash_tree({name: b"...", "a.css": f"b{{a:{reference}}}".encode()})
    assert relative("a.css", names[name]).encode() in contents["a.css"]


def test_references_that_leave_the_tree_are_left_alone():
    assert resolve("a.css", "../../x.png") is None
    assert resolve("css/a.css", "../x%20y.png") == ("x y.png", "")
    assert relative("a.css", "img/x y.png") == "img/x%20y.png"
    for other in ("", "#f", "?q", "http://x/", "data:,", "/x", "mailto:x"):
        assert resolve("a.css", other) is None


@pytest.mark.parametrize(
    "make",
    [
        lambda n: "url('" * n + "/*" * n + '"' * n + "@import " * n,
        lambda n: "url(" + " " * n,
        lambda n: "/*#" + " " * n,
        lambda n: "'" + "\\a" * n,
    ],
    ids=["starts", "blanks", "comment", "escapes"],
)
def test_finding_references_takes_linear_time(make):
    assert_linear(lambda size: partial(replace_references, "a.css", make(size), str), 2000)


def test_urls_by_plain_names_and_immutable_files(built, ask):
    out, names = built
    layer = StaticMiddleware(None, out, prefix="/static/", manifest=out / "manifest.json")
    assert layer.static_url("css/app.css") == "/static/" + names["css/app.css"]
    assert static_url("css/app.css") == "/static/" + names["css/app.css"]
    assert (
        static_url("/js/app.js", {"SCRIPT_NAME": "/shop"}) == "/shop/static/" + names["js/app.js"]
    )
    answer = ask(layer, static_url("css/app.css"))
    assert answer["Cache-Control"] == "max-age=31536000, immutable"
    assert answer.status == 200
    with pytest.raises(MissingAsset, match=r"did you mean 'css/app.css'"):
        static_url("css/ap.css")


def test_a_url_without_a_manifest_is_the_plain_one(tmp_path, fill):
    app = static_server(fill(tmp_path, {"a b.css": ""}), prefix="/s/")
    assert app.static_url("a b.css") == "/s/a%20b.css"


def test_static_url_says_when_there_is_no_manifest_in_use():
    import gc

    gc.collect()
    with pytest.raises(StaticError):
        static_url("nothing/at/all.css")


def test_a_manifest_that_is_none_is_a_wrong_option(tmp_path, fill):
    fill(tmp_path, {"a.json": "[]", "b.json": '{"files": {"a": 1}}', "c.json": '{"files": 3}'})
    for name in ("a.json", "b.json", "c.json", "none.json"):
        with pytest.raises(OptionError, match="manifest"):
            static_server(tmp_path, manifest=str(tmp_path / name))


PACKABLE = {
    "a.css": "a { color: red }\n" * 200,
    "tiny.css": "a{}",
    "photo.png": "x" * 5000,
    "sub/b.js": "let x = 1;" * 300,
}


def test_packing_makes_what_the_server_then_sends(tmp_path, fill, ask):
    root = fill(tmp_path, PACKABLE)
    results = compress_tree(root)
    assert {result.path for result in results} == {"a.css", "sub/b.js"}
    assert {path.name for path in root.rglob("*") if path.is_file()} == {
        "a.css", "tiny.css", "photo.png", "b.js",
        *(f"{name}.{extension}" for name in ("a.css", "b.js") for extension in ("br", "gz", "zst")),
    }  # fmt: skip
    app = static_server(root)
    plain = ask(app, "/a.css").body
    assert gzip.decompress(ask(app, "/a.css", headers={"Accept-Encoding": "gzip"}).body) == plain
    import brotli
    import zstandard

    assert brotli.decompress(ask(app, "/a.css", headers={"Accept-Encoding": "br"}).body) == plain
    packed = ask(app, "/a.css", headers={"Accept-Encoding": "zstd"}).body
    assert zstandard.ZstdDecompressor().decompress(packed) == plain


def test_packing_again_makes_only_what_changed(tmp_path, fill):
    root = fill(tmp_path, PACKABLE)
    assert sum(result.made for result in compress_tree(root, extensions=["gz"])) == 2
    assert sum(result.made for result in compress_tree(root, extensions=["gz"])) == 0
    (root / "a.css").write_text("b { color: blue }\n" * 200)
    results = compress_tree(root, extensions=["gz"])
    assert {result.path: result.made for result in results} == {"a.css": 1, "sub/b.js": 0}
    assert gzip.decompress((root / "a.css.gz").read_bytes()) == (root / "a.css").read_bytes()


def test_a_variant_that_saves_nothing_is_removed(tmp_path, fill):
    import random

    noise = random.Random(1).randbytes(3000)
    root = fill(tmp_path, {"a.bin": noise, "a.bin.gz": "old"})
    os.utime(root / "a.bin.gz", (1, 1))
    compress_tree(root, extensions=["gz"])
    assert not (root / "a.bin.gz").exists()


def test_packing_is_the_same_every_time(tmp_path, fill):
    one, two = fill(tmp_path / "1", PACKABLE), fill(tmp_path / "2", PACKABLE, time=1_100_000_000)
    for root in (one, two):
        compress_tree(root, jobs=2)
    for name in ("a.css.gz", "a.css.br", "a.css.zst"):
        assert (one / name).read_bytes() == (two / name).read_bytes()


def test_a_coding_without_its_library_says_what_to_install(monkeypatch):
    monkeypatch.setitem(sys.modules, "brotli", None)
    monkeypatch.setitem(sys.modules, "zstandard", None)
    monkeypatch.setitem(sys.modules, "compression", None)
    with pytest.raises(StaticError, match=r"tropea-static\[brotli\]"):
        packers(["br"])
    with pytest.raises(StaticError, match=r"tropea-static\[zstandard\]"):
        packers(["zst"])
    assert installed() == ("gz",)
    with pytest.raises(StaticError, match="no such coding"):
        packers(["rar"])


@pytest.mark.parametrize("words", ["--jobs 0", "--jobs -1", "--jobs x", "--smallest -1"])
def test_a_number_that_cannot_be_is_told_as_such(tmp_path, capsys, words):
    with pytest.raises(SystemExit):
        main(["compress", str(tmp_path), *words.split()])
    assert f"argument {words.split()[0]}: " in capsys.readouterr().err


def test_the_compress_command_shows_progress_and_what_it_saved(tmp_path, fill, capsys):
    root = fill(tmp_path, PACKABLE)
    assert main(["compress", str(root), "--codings", "gz", "br"]) == 0
    shown = capsys.readouterr()
    assert "] 2/2" in shown.err
    assert "2 files looked at, 4 variants made" in shown.out
    assert "% saved)" in shown.out
    assert main(["compress", str(root), "--quiet"]) == 0
    assert capsys.readouterr().err == ""
    assert main(["compress", str(tmp_path / "none")]) == 1
    assert "no such folder" in capsys.readouterr().err


def test_the_build_command(tmp_path, fill, capsys):
    source = fill(tmp_path / "assets", SITE)
    manifest = tmp_path / "manifest.json"
    assert main(["build", str(source), str(tmp_path / "out"), "--manifest", str(manifest)]) == 0
    assert "8 files" in capsys.readouterr().out
    assert json.loads(manifest.read_text())["version"] == 1
    assert main(["build", str(source), str(source / "out")]) == 1


def test_the_commands_run_as_a_module(tmp_path, fill):
    root = fill(tmp_path, PACKABLE)
    done = subprocess.run(
        [sys.executable, "-W", "error", "-m", "tropea.static", "compress", str(root), "--codings", "gz"],
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert "2 variants made" in done.stdout


def test_importing_the_package_imports_neither_webob_nor_a_packer():
    code = (
        "import sys, tropea.static, tropea.static.middleware, tropea.static.server;"
        "bad = {'webob', 'brotli', 'zstandard', 'cgi', 'hashlib', 'zipfile', 'mimetypes'} & set(sys.modules);"
        "sys.exit(repr(bad) if bad else 0)"
    )
    subprocess.run([sys.executable, "-W", "error", "-c", code], check=True)
    names = "import tropea.static as s; [getattr(s, name) for name in s.__all__]; dir(s)"
    subprocess.run([sys.executable, "-c", names], check=True)
