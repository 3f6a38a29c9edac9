"""The README does what it says: its files are written, its commands run, in their order."""

import doctest
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

README = Path(__file__).parents[1] / "README.md"
BLOCK = re.compile(r"(?:^`(\S+)`:\n\n)?^```(\w*)\n(.*?)^```", re.M | re.S)
FLAGS = doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE

pytestmark = pytest.mark.skipif(os.name != "posix", reason="its commands are a POSIX shell's")


def test_every_block_does_what_it_says(tmp_path):
    programs = tmp_path / "bin"
    programs.mkdir()
    (programs / "tropea").write_text(f'#!/bin/sh\nexec "{sys.executable}" -m tropea.cli "$@"\n')
    (programs / "tropea").chmod(0o755)
    environ = {**os.environ, "PATH": f"{programs}{os.pathsep}{os.environ['PATH']}", "NO_COLOR": "1"}
    folder = tmp_path / "shop"
    folder.mkdir()
    ran = 0
    for name, language, text in BLOCK.findall(README.read_text("utf-8")):
        if name:
            (folder / name).write_text(text)
        for part in re.split(r"^(?=\$ )", text, flags=re.M) if language == "console" else ():
            if not part.strip():
                continue
            command, _, expected = part[2:].partition("\n")
            done = subprocess.run(
                ["sh", "-c", command],
                cwd=folder,
                env=environ,
                text=True,
                capture_output=True,
                timeout=60,
            )
            said = done.stderr + done.stdout
            assert doctest.OutputChecker().check_output(expected, said, FLAGS), f"{command}\n{said}"
            ran += 1
    assert ran == 7


def test_every_command_has_its_row():
    from tropea.cli.registry import BUILT_IN

    rows = " ".join(
        line.split("|")[1]
        for line in README.read_text("utf-8").splitlines()
        if line.startswith("| `")
    )
    assert set(BUILT_IN) == set(re.findall(r"`([\w-]+)`", rows))
