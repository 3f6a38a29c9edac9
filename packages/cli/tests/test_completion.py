"""Completions, by the shells themselves."""

import os
import shutil
import subprocess
import sys

import pytest


def shell(name):
    """Find a shell; one that TROPEA_REQUIRE names must be there."""
    found = shutil.which(name)
    if found is None:
        needed = name in os.environ.get("TROPEA_REQUIRE", "").split(",")
        (pytest.fail if needed else pytest.skip)(f"there is no {name} here")
    return found


#: What has been typed -> one word that completes it, and one that does not.
CASES = [
    ("tropea restc", "restcontroller", "serve"),
    ("tropea --ver", "--version", "--plugin"),
    ("tropea --plugin shop restc", "restcontroller", "serve"),
    ("tropea serve --server", "--server-name", "--port"),
    ("tropea request app.ini / --status", "--status-exit", "--trace"),
    ("tropea help restc", "restcontroller", "serve"),
    ("tropea completion fi", "fish", "zsh"),
    ("tropea onion ap", "app.ini", "apple.py"),
    ("tropea grep Adding ban", "banana.py", "apple.py"),
]


@pytest.fixture
def script(tropea, folder):
    (folder / "apple.py").touch()
    (folder / "banana.py").touch()

    def write(name):
        text = tropea("completion", name)
        assert text.returncode == 0, text.stderr
        path = folder / f"completions.{name}"
        path.write_text(text.stdout)
        return path

    return write


def test_bash_completes(script, folder):
    bash, path = shell("bash"), script("bash")
    for typed, word, other in CASES:
        words = typed.split(" ")
        program = (
            f"source {path}; COMP_WORDS=({' '.join(words)}); COMP_CWORD={len(words) - 1}; "
            'COMP_LINE="x"; _tropea; printf "%s\\n" "${COMPREPLY[@]}"'
        )
        done = subprocess.run([bash, "-c", program], cwd=folder, capture_output=True, text=True)
        offered = done.stdout.split()
        assert done.stderr == ""
        assert word in offered, typed
        assert other not in offered, typed


def test_fish_completes(script, folder):
    fish, path = shell("fish"), script("fish")
    for typed, word, other in CASES:
        if "--plugin shop" in typed:
            continue  # fish takes the plugin for the command
        done = subprocess.run(
            [fish, "--no-config", "-c", f"source {path}; complete -C '{typed}'"], cwd=folder,
            capture_output=True, text=True, env={**os.environ, "HOME": str(folder)},
        )  # fmt: skip
        offered = [line.split("\t")[0] for line in done.stdout.splitlines()]
        assert word in offered, typed
        assert other not in offered, typed


@pytest.mark.skipif(os.name != "posix", reason="terminals are POSIX's")
def test_zsh_completes(script, folder):
    """zsh completes only while somebody types: on a terminal, with a tab."""
    zsh, path = shell("zsh"), script("zsh")
    import pty

    pid, terminal = pty.fork()
    if pid == 0:
        os.chdir(folder)
        os.execve(
            zsh,
            [zsh, "-f", "-i"],
            {"TERM": "dumb", "HOME": str(folder), "PATH": os.environ["PATH"], "COLUMNS": "200"},
        )
    heard = listener(terminal)
    try:
        os.write(
            terminal,
            f"PS1='READY> '; autoload -Uz compinit; compinit -u -D; source {path}; echo LO''ADED\n".encode(),
        )
        heard("LOADED\r\n")
        for typed, word, _ in CASES:
            heard("READY> ")
            os.write(terminal, typed.encode() + b"\t")
            heard(f"{typed.rpartition(' ')[0]} {word}")
            os.write(terminal, b"\x15\n")  # kill the line, and a new prompt
    finally:
        os.close(terminal)
        os.waitpid(pid, 0)


def listener(terminal, seconds=60):
    """Return what reads a terminal up to a text, and keeps what comes after it for the next time."""
    import select

    said = ""

    def heard(mark):
        nonlocal said
        while mark not in said:
            if not select.select([terminal], [], [], seconds)[0]:
                pytest.fail(f"waited for {mark!r}, got {said!r}")
            said += os.read(terminal, 4096).decode("utf-8", "replace")
        said = said.partition(mark)[2]

    return heard


@pytest.mark.parametrize("name", ["bash", "zsh", "fish"])
def test_text_with_quotes_and_colons_breaks_no_shell(name):
    from tropea.cli.completing import WRITERS, Completed

    hostile = 'it\'s a "test": $(touch owned) `touch owned` \\ [x]'
    text = WRITERS[name]([Completed("go", hostile, (("--fast", hostile),), (), "")])
    done = subprocess.run([shell(name), "-n"], input=text, capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (0, "")


def test_the_shells_are_named_where_another_is_asked_for(tropea):
    answer = tropea("completion", "powershell")
    assert answer.returncode == 2
    assert "bash" in answer.stderr
    assert sys.executable not in answer.stderr
