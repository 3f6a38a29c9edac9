"""Starting and stopping the demonstration, well and badly."""

from __future__ import annotations

import re
import signal
import socket
import subprocess
import sys

import pytest

LAYERS = [
    "RegistryMiddleware",
    "RewriteMiddleware",
    "StaticMiddleware",
    "ConditionalMiddleware",
    "SessionMiddleware",
    "DispatcherApp",
    "handlers",
]


@pytest.mark.parametrize("how", [[], ["development.ini"]], ids=["python", "ini"])
def test_it_prints_its_address_and_the_stack_outermost_first(clone, start, how, tmp_path):
    server = start([sys.executable, "serve.py", *how], clone)
    while not any("Ctrl-C" in line for line in server.lines):
        assert server.process.poll() is None
    assert [line.strip() for line in server.lines[2:9]] == LAYERS
    assert re.fullmatch(r"The recipe book is at http://127\.0\.0\.1:\d+/\n", server.lines[0])
    server.stop()


@pytest.mark.parametrize("signum", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_ends_it_cleanly(clone, start, signum):
    server = start([sys.executable, "serve.py"], clone)
    assert server.stop(signum) == 0
    assert "Traceback" not in "".join(server.lines)


def test_the_next_free_port_is_taken(clone, start):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        server = start([sys.executable, "serve.py", "--port", str(port)], clone)
        assert int(server.url.rpartition(":")[2]) > port
        server.stop()


def complaint(clone, *arguments, **kwargs):
    """Run serve.py where it cannot serve; return the one line that it says."""
    done = subprocess.run(
        [sys.executable, "serve.py", *map(str, arguments)], cwd=clone, capture_output=True,
        text=True, timeout=60, **kwargs,
    )  # fmt: skip
    assert done.returncode == 2, done
    assert done.stdout == ""
    (line,) = done.stderr.splitlines()
    return line


def test_a_port_in_use_is_one_line(clone):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        line = complaint(clone, "--port", port, "--exactly")
    assert line == f"serve.py: port {port} is in use; without --exactly the next free one is taken"


def test_a_number_that_is_no_port_is_one_line(clone):
    assert complaint(clone, "--port", "99999") == "serve.py: port 99999: is no port number"


def test_a_missing_ini_file_is_one_line(clone):
    assert complaint(clone, "production.ini") == "serve.py: there is no file production.ini"


def test_a_missing_folder_for_var_is_one_line(clone, tmp_path):
    line = complaint(clone, "--var", tmp_path / "missing" / "var")
    assert line == f"serve.py: there is no folder {tmp_path / 'missing'} to make 'var' in"


def test_an_unwritable_var_is_one_line(clone, tmp_path):
    (tmp_path / "var").write_text("a file where the folder should be")
    line = complaint(clone, "--var", tmp_path / "var")
    assert line.startswith(f"serve.py: cannot write to {tmp_path / 'var'}: ")


def test_a_read_only_var_is_one_line(clone, tmp_path):
    import os

    if os.geteuid() == 0:
        pytest.skip("the superuser can write everywhere")
    (tmp_path / "var").mkdir(mode=0o500)
    line = complaint(clone, "--var", tmp_path / "var")
    assert line == f"serve.py: cannot write to {tmp_path / 'var'}: Permission denied"


@pytest.mark.parametrize(
    ("old", "new", "line"),
    [
        ("prefix = /static/", "prefiks = /static/",
         "serve.py: [filter:static]: has no option 'prefiks'; did you mean 'prefix'?"),
        ("largest_picture = 2M", "largest_picture = big",
         "serve.py: [app:recipes]: largest_picture: expected a size such as 2M, got 'big'"),
        ("root = %(here)s/onion/static", "root = %(here)s/nowhere", "serve.py: *nowhere*"),
        ("store = sqlite", "store = sqlight", "serve.py: *[[]filter:session]*sqlight*"),
        ("onion.rules:RULES", "onion.rules:RULEZ",
         "serve.py: [filter:rewrite]: rules: 'onion.rules' has no 'RULEZ'"),
        ("pipeline = registry", "pipeline = registri", "serve.py: *No section 'registri'*"),
        ("egg:tropea-static", "egg:tropea-statik", "serve.py: *tropea-statik*"),
        ("onion.app:make", "onion.apps:make", "serve.py: *No module named 'onion.apps'*"),
    ],
)  # fmt: skip
def test_a_wrong_line_of_the_ini_file_is_named(clone, old, new, line):
    from fnmatch import fnmatchcase

    ini = clone / "wrong.ini"
    text = (clone / "development.ini").read_text()
    assert old in text
    ini.write_text(text.replace(old, new))
    said = complaint(clone, ini)
    assert said == line or fnmatchcase(said, line), said
