"""Drawings: what is drawn, and that it can be read."""

import os
import pty
import re
import select
import struct
import subprocess
import sys
import xml.etree.ElementTree as ET

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tropea.cli.drawing import as_svg, as_tree, tree_as_svg
from tropea.core.anatomy import Node, anatomy

SVG = "{http://www.w3.org/2000/svg}"


def node(name, *inner, options=(), place=""):
    return Node(None, name, "", "", tuple(options), tuple(inner))


def chain(*names):
    return [node(f"tropea.x.{name}Middleware") for name in names]


TWELVE = ("Proxy", "Registry", "StatusRedirect", "Error", "URLRewriter", "Static", "HTTPCache", "Conditional",
          "Session", "BasicAuth", "Routes", "Application")  # fmt: skip


def test_twelve_rings_have_names_that_can_be_read_in_a_column_of_text():
    root = ET.fromstring(as_svg(chain(*TWELVE)))
    wide = float(root.get("width"))
    assert wide == float(root.get("height"))
    assert wide <= 640, "the width of a column: nothing is scaled down there"
    texts = list(root.iter(f"{SVG}text"))
    assert [text.text for text in texts] == list(TWELVE)
    assert min(float(text.get("font-size")) for text in texts) >= 14
    heights = [float(text.get("y")) for text in texts]
    assert min(b - a for a, b in zip(heights, heights[1:])) >= 30, "no name covers another"


@given(st.lists(st.from_regex(r"[A-Z][A-Za-z]{0,30}", fullmatch=True), min_size=1, max_size=30))
def test_every_ring_lies_inside_the_one_before_it(names):
    root = ET.fromstring(as_svg(chain(*names)))
    rings = [tuple(float(c.get(a)) for a in ("cx", "cy", "r")) for c in root.iter(f"{SVG}circle")]
    assert len(rings) == len(names)
    for (x, y, outer), (inner_x, inner_y, inner) in zip(rings, rings[1:]):
        assert x == inner_x
        assert inner_y + inner <= y + outer + 0.01
        assert inner_y - inner >= y - outer + 20, "room for a name"


def test_what_is_drawn_is_escaped():
    text = as_svg([node("shop.a<b>&c", options=[("secret", '"<&>"')])])
    assert ET.fromstring(text).tag == f"{SVG}svg"
    assert "<b>" not in text


def test_each_branch_of_a_composite_is_an_onion_of_its_own():
    inner = node("shop.Auth", ("", node("shop.admin")))
    root = ET.fromstring(
        tree_as_svg(
            node("shop.Log", ("", node("paste.Map", ("/", node("shop.home")), ("/admin", inner))))
        )
    )
    texts = [text.text for text in root.iter(f"{SVG}text")]
    assert texts == ["Log", "Map", "/", "home", "/admin", "Auth", "admin"]
    assert len(list(root.iter(f"{SVG}circle"))) == 5


def test_a_tree_for_a_pipe_is_whole_and_plain():
    line = as_tree(node("shop.Long", options=[("words", "word " * 60)]))[0]
    assert "\n" not in line
    assert "\x1b" not in line


def test_an_application_inside_itself_is_drawn_once():
    class Loop:
        pass

    loop = Loop()
    loop.app = loop
    loop.__class__.__call__ = lambda self, environ, start: []
    assert len(as_tree(anatomy(loop))) <= 3


@pytest.mark.skipif(os.name != "posix", reason="terminals are POSIX's")
@pytest.mark.parametrize("columns", [40, 100])
def test_a_terminal_gets_colours_and_lines_that_fit(folder, columns):
    import fcntl
    import termios

    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 30, columns, 0, 0))
    environ = {
        k: v for k, v in os.environ.items() if k not in {"NO_COLOR", "COLUMNS", "FORCE_COLOR"}
    }
    process = subprocess.Popen(
        [sys.executable, "-m", "tropea.cli", "--help"], cwd=folder, stdin=theirs, stdout=theirs, stderr=theirs,
        env={**environ, "TERM": "xterm", "PYTHONUTF8": "1"},
    )  # fmt: skip
    os.close(theirs)
    written = b""
    while select.select([ours], [], [], 30)[0]:
        try:
            block = os.read(ours, 65536)
        except OSError:
            break
        if not block:
            break
        written += block
    os.close(ours)
    assert process.wait() == 0
    text = written.decode().replace("\r\n", "\n")
    assert "\x1b[1mcommands:\x1b[0m" in text
    commands = (
        re.sub(r"\x1b\[\d*m", "", text)
        .partition("commands:\n")[2]
        .partition("\n\n")[0]
        .splitlines()
    )
    assert max(map(len, commands)) <= columns
    assert any(line.endswith("…") for line in commands) == (columns == 40)
