"""Every block of the documentation does what its page says."""

from __future__ import annotations

import doctest
import importlib
import importlib.util
import linecache
import os
import re
import subprocess
import sys
import types
from pathlib import Path

import pytest

_spec = importlib.util.spec_from_file_location("docs_blocks", Path(__file__).with_name("conftest.py"))
docs_blocks = importlib.util.module_from_spec(_spec)
sys.modules["docs_blocks"] = docs_blocks
_spec.loader.exec_module(docs_blocks)
DOCS, ROOT, PAGES, blocks_of = (
    docs_blocks.DOCS, docs_blocks.ROOT, docs_blocks.PAGES, docs_blocks.blocks_of,
)  # fmt: skip

#: What other people's packages say of themselves while they are imported.
pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore:pkg_resources")

RUN = {"python", "pycon", "ini", "console"}
#: Languages that are shown and are no program of ours; nginx is tried where it is installed.
SHOWN = {"text", "nginx", "html", "apache"}
FLAGS = doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE
BIN = Path(sys.executable).parent


def name_of(page):
    return str(page.relative_to(ROOT))


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_the_blocks_of_a_page_run_in_order(page, folder):
    names = types.ModuleType("docs_page")
    sys.modules["docs_page"] = names
    if page.name == "README.md":
        for granted in ("README", page.parent.name):
            exec(docs_blocks.GRANTED.get(granted, ""), names.__dict__)
    try:
        for block in blocks_of(page):
            if block.note and block.note[0] == "covered by":
                assert_covered(block.note[1])
                continue
            where = f"{name_of(page)}:{block.line}"
            if block.note:
                assert block.note[0] == "file", f"{where}: {block.note}"
                (folder / block.note[1]).write_text(block.code)
            if block.language in RUN:
                globals()[f"run_{block.language}"](block, where, names, folder)
            else:
                assert block.language in SHOWN, f"{where}: nobody runs {block.language}"
    finally:
        del sys.modules["docs_page"]


def assert_covered(reference):
    """A block that is not run here names a test, and the test exists."""
    file, _, test = reference.partition("::")
    assert re.search(rf"def {test.rpartition('::')[2]}\(", (ROOT / file).read_text()), reference


def run_python(block, where, names, folder):
    if block.code.lstrip().startswith(">>>"):
        run_pycon(block, where, names, folder)
        return
    code = "\n" * (block.line - 1) + block.code
    linecache.cache[where] = (len(code), None, code.splitlines(keepends=True), where)
    exec(compile(code, where, "exec"), names.__dict__)


def run_pycon(block, where, names, folder):
    test = doctest.DocTestParser().get_doctest(block.code, names.__dict__, where, where, block.line)
    test.globs = names.__dict__
    said = []
    runner = doctest.DocTestRunner(optionflags=FLAGS)
    runner.run(test, out=said.append, clear_globs=False)
    assert not runner.failures, "".join(said)


def run_ini(block, where, names, folder):
    """Load all that an ini block has: its main application, or each of its sections."""
    from paste.deploy import loadapp, loadfilter

    name = block.note[1] if block.note else f"block{block.line}.ini"
    (folder / name).write_text(block.code + getattr(names, "granted_ini", ""))
    address = f"config:{folder / name}"
    sections = re.findall(r"^\[(\w+):([\w.-]+)\]", block.code, re.M)
    assert sections, f"{where}: an ini without sections"
    if any(name == "main" and kind != "server" for kind, name in sections):
        assert callable(loadapp(address))
        return
    for kind, section in sections:
        if kind == "filter":
            assert callable(loadfilter(address, name=section)(lambda environ, start: []))
        elif kind in {"app", "composite", "pipeline"}:
            assert callable(loadapp(address, name=section))
        else:
            pytest.fail(f"{where}: nobody loads [{kind}:{section}]")


def run_console(block, where, names, folder):
    """Run each line that begins with a dollar sign; compare what it says where the page has it."""
    for part in re.split(r"^(?=\$ )", block.code, flags=re.M):
        if not part.strip():
            continue
        command, _, expected = part[2:].partition("\n")
        while command.endswith("\\"):
            more, _, expected = expected.partition("\n")
            command = f"{command[:-1]}{more.strip()}"
        if command.startswith("pip install "):
            assert_installable(command)
        elif command.startswith("make "):
            assert_in_makefile(command)
        else:
            assert_says(command, expected, where, folder)


def assert_installable(command):
    for word in re.findall(r"tropea[\w-]*(?:\[[\w,]+\])?", command):
        dist, _, extras = word.rstrip("]").partition("[")
        folder = ROOT / "packages" / (dist.removeprefix("tropea-") if dist != "tropea" else dist)
        project = (folder / "pyproject.toml").read_text()
        for extra in filter(None, extras.split(",")):
            assert re.search(rf"^{extra} = \[", project, re.M), f"{dist} has no extra {extra}"


def assert_in_makefile(command):
    target = command.split()[1]
    assert re.search(rf"^{target}:", (ROOT / "Makefile").read_text(), re.M), command


def assert_says(command, expected, where, folder):
    environ = {**os.environ, "PATH": f"{BIN}{os.pathsep}{os.environ['PATH']}",
               "PYTHONPATH": str(folder), "NO_COLOR": "1", "COLUMNS": "100"}  # fmt: skip
    done = subprocess.run(
        ["bash", "-c", command], cwd=folder, env=environ, text=True, capture_output=True,
        timeout=120, check=False,
    )  # fmt: skip
    said = done.stdout + done.stderr
    if expected.strip():
        same = doctest.OutputChecker().check_output(expected.rstrip() + "\n", said.rstrip() + "\n", FLAGS)
        assert same, f"{where}: {command}\n{said}"
    else:
        assert done.returncode == 0, f"{where}: {command}\n{said}"


# -- what the pages take from the code ------------------------------------------------------------


@pytest.fixture(scope="module")
def extension():
    pytest.importorskip("docutils")
    sys.path.insert(0, str(DOCS / "_ext"))
    try:
        import tropea_docs
    finally:
        sys.path.pop(0)
    return tropea_docs


def layers(extension):
    return [(package, name, layer) for package in extension.PACKAGES for name, layer in extension.layers_of(package)]


def test_every_layer_is_in_a_table_and_every_option_has_a_meaning(extension):
    silent = []
    for package, name, layer in layers(extension):
        page = (DOCS / "packages" / f"{package}.md").read_text()
        assert f"{{tropea-package-options}} {package}" in page, name
        silent += [
            f"{name}.{option}" for option, _, _, meaning in extension.option_rows(layer.Options)
            if not meaning
        ]  # fmt: skip
    assert len(layers(extension)) >= 20
    assert not silent, f"options that nobody explains: {silent}"


#: In the place of one that is there, or for development: the page about every layer says so.
ELSEWHERE = {
    "DigestAuthMiddleware", "BearerAuthMiddleware", "StatusHandlerMiddleware", "BeakerBridge",
    "RequestOptionsMiddleware", "DebugMiddleware", "InspectorMiddleware", "ProfilerMiddleware",
}  # fmt: skip


def test_every_layer_is_tried_around_every_framework_in_the_recommended_order(extension, folder):
    from tropea.core.anatomy import chain_of
    from tropea.core.ordering import lint

    onion = importlib.import_module("every_layer").around(lambda environ, start_response: [])
    assert lint(onion) == []
    there = {type(node.app).__name__ for node in chain_of(onion)}
    assert there & ELSEWHERE == set()
    assert {name for _, name, _ in layers(extension)} == there - {"function", "Stack"} | ELSEWHERE
    page = (DOCS / "howto" / "every-layer.md").read_text()
    assert all(name in page for name in ELSEWHERE)


def test_the_names_and_defaults_of_the_tables_are_the_codes(extension):
    from tropea.sessions import SessionMiddleware

    rows = {name: (default, takes) for name, default, takes, _ in extension.option_rows(SessionMiddleware.Options)}
    assert rows["store"][0] == "required"
    assert rows["idle_timeout"][0] == "1800 (30 min)"
    assert rows["samesite"] == ("Lax", "one of 'Lax', 'Strict', 'None'")


def test_the_picture_is_the_recommended_order(extension):
    from tropea.core.anatomy import chain_of
    from tropea.core.ordering import KINDS, kind_of, lint

    onion = extension.whole_onion()
    assert lint(onion) == []
    kinds = [kind for node in chain_of(onion) if (kind := kind_of(node))]
    assert kinds == [kind for kind in KINDS if kind != "compression"]


def test_every_package_has_a_page_and_a_reference():
    for package in ROOT.glob("packages/*/src"):
        name = package.parent.name
        assert (DOCS / "packages" / f"{name}.md").is_file(), name
        assert (DOCS / "api" / f"{name}.rst").is_file(), name


def test_every_page_is_in_a_table_of_contents():
    listed = set()
    for page in PAGES:
        for toc in re.findall(r"^```\{toctree\}\n(.*?)^```", page.read_text(), re.M | re.S):
            for line in toc.splitlines():
                if line and not line.startswith(":"):
                    target = re.search(r"<(.+)>", line)
                    listed.add((page.parent / (target[1] if target else line)).resolve())
    for page in PAGES:
        if page.is_relative_to(DOCS) and page.name != "index.md":
            assert page.with_suffix("") in listed, page


def test_every_decision_has_its_three_parts_and_is_at_most_a_page():
    for page in (DOCS / "decisions").glob("[0-9]*.md"):
        text = page.read_text()
        assert re.findall(r"^## (.+)$", text, re.M) == ["Context", "Choice", "Price"], page
        assert len(text.splitlines()) <= 60, page


def test_every_link_to_a_file_of_the_tree_leads_somewhere():
    for page in PAGES:
        for target in re.findall(r"\]\(([^)\s#]+)(?:#[^)]*)?\)", page.read_text()):
            if "://" not in target:
                assert (page.parent / target).exists(), f"{page}: {target}"


def test_every_example_has_its_row_in_the_readme():
    readme = (ROOT / "README.md").read_text()
    for program in (ROOT / "examples").glob("*/"):
        if program.name != "tests" and any(program.glob("**/*.py")):
            assert f"(examples/{program.name})" in readme, program.name


def test_every_page_of_a_package_says_what_it_is_for_and_what_it_does_not_do():
    for page in (DOCS / "packages").glob("*.md"):
        if page.stem not in {"index", "tropea"}:
            heads = re.findall(r"^## (.+)$", page.read_text(), re.M)
            assert {"Why", "Limits"} <= set(heads), page
            assert {"Options", "What only this command reads"} & set(heads), page
            assert re.search(r"^\$ pip install '?tropea-", page.read_text(), re.M), page
