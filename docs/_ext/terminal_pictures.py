"""Pictures of the command `tropea` at work: what it wrote to a terminal, drawn as SVG.

    python docs/_ext/terminal_pictures.py

makes them anew.  Each command really runs, on a terminal of 100 columns, in a project that
`tropea create` made; what it writes is drawn letter by letter, in the colours that it chose.
Nothing is added and nothing left out.  What differs from run to run, the microseconds of a trace, is
passed over by `tests/test_terminal_pictures.py` when it compares.
"""

from __future__ import annotations

import os
import pty
import re
import select
import struct
import subprocess
import sys
import tempfile
from html import escape
from pathlib import Path

PICTURES = Path(__file__).resolve().parent.parent / "_static" / "terminal"
COLUMNS = 100
#: Picture -> what is typed.
SHOWN = {
    "help": ["tropea --help"],
    "onion": ["tropea onion development.ini"],
    "check": ["tropea check broken.ini"],
    "request": ["tropea request development.ini /nothing --trace"],
    "routes": ["tropea routes development.ini", "tropea match development.ini POST /"],
    "grep": ["tropea grep HelloController"],
}
#: What is made wrong in broken.ini.
MISTAKES = (
    ("root = %(here)s/recipes/public", "rooot = %(here)s/recipes/public"),
    ("data = %(here)s/var", "data = %(here)s/var\ntitle = Recipes"),
    ("status errors static conditional session site", "status errors sesion static conditional site"),
)
_COLOURS = {"31": "#ff7b72", "32": "#7ee787", "33": "#e3b341", "35": "#e9a3c9", "2": "#9aa4b2"}
_PLAIN, _GROUND, _PROMPT = "#e6edf3", "#1b1420", "#d283a2"
_SGR = re.compile(r"\x1b\[([\d;]*)m")
_WIDE, _HIGH, _EDGE = 7.83, 19, 16


def make(folder: Path) -> dict[str, str]:
    """Run what is shown in a fresh project below *folder*; return the pictures by name."""
    run(folder, "tropea create recipes")
    project = folder / "recipes"
    run(project, "tropea setup-app development.ini")
    text = (project / "development.ini").read_text()
    for right, wrong in MISTAKES:
        assert right in text, right
        text = text.replace(right, wrong)
    (project / "broken.ini").write_text(text)
    return {
        name: drawn([(line, run(project, line)) for line in lines]) for name, lines in SHOWN.items()
    }


def run(folder: Path, line: str) -> str:
    """Run a line on a terminal; return all that was written there."""
    import fcntl
    import termios

    words = [sys.executable, "-m", "tropea.cli", *line.split()[1:]]
    environ = {
        "PATH": os.environ["PATH"], "HOME": str(folder), "TERM": "xterm-256color", "PYTHONUTF8": "1",
        "PYTHONDONTWRITEBYTECODE": "1", "PYTHONWARNINGS": "ignore", "COLUMNS": str(COLUMNS),
    }  # fmt: skip
    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 50, COLUMNS, 0, 0))
    process = subprocess.Popen(words, cwd=folder, env=environ, stdin=theirs, stdout=theirs, stderr=theirs)
    os.close(theirs)
    written = b""
    while True:
        if not select.select([ours], [], [], 60)[0]:
            process.kill()
            raise TimeoutError(line)
        try:
            block = os.read(ours, 65536)
        except OSError:  # the other end is closed: it has ended
            break
        if not block:
            break
        written += block
    os.close(ours)
    process.wait()
    return written.decode("utf-8").replace("\r\n", "\n")


def drawn(session: list[tuple[str, str]]) -> str:
    """Draw what was typed and what was answered."""
    rows = []
    for line, answer in session:
        rows.append([(f"$ {line}", _PROMPT, True)])
        rows += [*styled(answer.rstrip("\n")), []]
    rows.pop()
    wide = _WIDE * COLUMNS + 2 * _EDGE
    high = _HIGH * len(rows) + 2 * _EDGE
    head = (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {wide:.0f} {high}" '
        f'width="{wide:.0f}" height="{high}" font-size="13" '
        f'font-family="ui-monospace, SFMono-Regular, Menlo, DejaVu Sans Mono, monospace" role="img">'
    )
    title = "; ".join(line for line, _ in session)
    parts = [head, f"<title>{escape(title)}</title>", f'<rect width="100%" height="100%" rx="8" fill="{_GROUND}"/>']
    for number, row in enumerate(rows):
        column = 0
        for text, colour, is_bold in row:
            if text.strip():
                weight = ' font-weight="bold"' if is_bold else ""
                parts.append(
                    f'<text x="{_EDGE + column * _WIDE:.1f}" y="{_EDGE + _HIGH * number + 14}" fill="{colour}"{weight} '
                    f'textLength="{len(text) * _WIDE:.1f}" xml:space="preserve">{escape(text)}</text>'
                )
            column += len(text)
    return "\n".join([*parts, "</svg>", ""])


def styled(text: str) -> list[list[tuple[str, str, bool]]]:
    """Split what a terminal got into lines of (text, colour, whether it is bold)."""
    rows = []
    for line in text.split("\n"):
        row, colour, is_bold = [], _PLAIN, False
        for place, part in enumerate(_SGR.split(line)):
            if place % 2:
                for code in part.split(";"):
                    is_bold = code == "1" or (is_bold and code not in {"0", ""})
                    colour = _COLOURS.get(code, _PLAIN if code in {"0", "", "1"} else colour)
            elif part:
                row.append((part, colour, is_bold))
        rows += wrapped(row)
    return rows


def wrapped(row: list[tuple[str, str, bool]]) -> list[list[tuple[str, str, bool]]]:
    """Go on at the beginning of the next line where one is full, as a terminal does."""
    rows, room = [[]], COLUMNS
    for text, colour, is_bold in row:
        while text:
            if not room:
                rows.append([])
                room = COLUMNS
            rows[-1].append((text[:room], colour, is_bold))
            room, text = room - min(len(text), room), text[room:]
    return rows


def comparable(picture: str) -> str:
    """Leave out of a picture the figures that differ from run to run, and where they move others."""
    rows: dict[str, str] = {}
    for y, text in re.findall(r'<text x="[\d.]+" y="(\d+)"[^>]*>([^<]*)</text>', picture):
        rows[y] = rows.get(y, "") + text
    return "\n".join(re.sub(r" +\d+ +(?=\d{3} )", " N ", re.sub(r" {2,}", "  ", row)) for row in rows.values())


def main() -> None:
    PICTURES.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as folder:
        for name, picture in make(Path(folder)).items():
            (PICTURES / f"{name}.svg").write_text(picture, "utf-8")
            print("wrote", PICTURES / f"{name}.svg")


if __name__ == "__main__":
    main()
