"""Serving: the banner, the end, the reload."""

import os
import re
import signal
import socket
import subprocess
import sys
import time
from urllib.request import urlopen

import pytest

pytestmark = pytest.mark.skipif(os.name != "posix", reason="signals are POSIX's")


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def fetch(port, path="/", expected=None, seconds=30):
    """Ask until there is an answer, or the one expected."""
    end, last = time.monotonic() + seconds, None
    while time.monotonic() < end:
        try:
            last = urlopen(f"http://127.0.0.1:{port}{path}", timeout=5).read().decode()
            if expected is None or last == expected:
                return last
        except OSError as error:
            last = error
        time.sleep(0.1)
    pytest.fail(f"no answer in {seconds} s: {last}")


@pytest.fixture
def serve(folder):
    running = []

    def start(*arguments, **environ):
        process = subprocess.Popen(
            [sys.executable, "-m", "tropea.cli", "serve", *arguments], cwd=folder, text=True,
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, env={**os.environ, "NO_COLOR": "1", **environ},
        )  # fmt: skip
        running.append(process)
        return process

    yield start
    for process in running:
        if process.poll() is None:
            process.send_signal(signal.SIGINT)
            try:
                process.wait(10)
            except subprocess.TimeoutExpired:
                process.kill()
        process.stdout.close()
        process.stderr.close()
        process.wait()


def test_it_serves_shows_the_stack_and_stops_on_ctrl_c(serve):
    port = free_port()
    process = serve("app.ini", "--port", str(port))
    assert fetch(port) == "good day GET /"
    process.send_signal(signal.SIGINT)
    _, told = process.communicate(timeout=20)
    assert process.returncode == 0
    assert (
        f"serving on http://127.0.0.1:{port} with waitress (Ctrl-C stops)\nplainapp.Adding\n└─ plainapp"
        in told
    )
    assert told.rstrip().endswith("stopped")
    assert "Traceback" not in told


def test_the_server_of_the_ini_is_used_and_can_be_overridden(serve, folder):
    one, other = free_port(), free_port()
    with open(folder / "app.ini", "a") as ini:
        ini.write(f"\n[server:main]\nuse = egg:waitress\nhost = 127.0.0.1\nport = {one}\n")
    serve("app.ini")
    assert fetch(one) == "good day GET /"
    serve("app.ini", "--port", str(other))
    assert fetch(other) == "good day GET /"


def test_a_port_in_use_is_one_clear_line(serve):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        process = serve("app.ini", "--port", str(port))
        _, told = process.communicate(timeout=30)
    assert process.returncode == 2
    assert re.search(rf"tropea: http://127.0.0.1:{port} is in use; --port names another", told)
    assert "Traceback" not in told


def test_a_server_that_the_ini_lacks_is_named(serve):
    process = serve("app.ini", "--server-name", "none")
    _, told = process.communicate(timeout=30)
    assert "app.ini has no [server:none]" in told


def test_code_and_ini_changes_start_it_again(serve, folder):
    port = free_port()
    serve("app.ini", "--reload", "--port", str(port))
    assert fetch(port) == "good day GET /"
    ini = folder / "app.ini"
    ini.write_text(ini.read_text().replace("good day", "good night"))
    assert fetch(port, expected="good night GET /")
    code = folder / "plainapp.py"
    code.write_text(code.read_text().replace("{greeting} ", "{greeting}, "))
    assert fetch(port, expected="good night, GET /")


def test_an_error_in_the_code_is_mended_by_the_next_change(serve, folder):
    port = free_port()
    serve("app.ini", "--reload", "--port", str(port))
    fetch(port)
    code = folder / "plainapp.py"
    good = code.read_text()
    code.write_text("nonsense(\n")
    time.sleep(2)
    code.write_text(good.replace("{greeting} ", "{greeting}: "))
    assert fetch(port, expected="good day: GET /")


@pytest.mark.parametrize("watcher", ["watchfiles", "none"])
def test_code_outside_the_folder_is_watched_too(serve, folder, tmp_path_factory, watcher):
    """A module imported from elsewhere is followed, and without watchfiles as well."""
    elsewhere = tmp_path_factory.mktemp("elsewhere")
    (elsewhere / "words.py").write_text("WORD = 'hello'\n")
    if watcher == "none":
        (elsewhere / "watchfiles.py").write_text("raise ImportError('not here')\n")
    code = folder / "plainapp.py"
    code.write_text(code.read_text().replace("def app_factory", "import words\n\n\ndef app_factory").replace(
        'f"{greeting} ', 'f"{words.WORD} '))  # fmt: skip
    port = free_port()
    serve("app.ini", "--reload", "--port", str(port), PYTHONPATH=str(elsewhere))
    assert fetch(port) == "hello GET /"
    (elsewhere / "words.py").write_text("WORD = 'goodbye'\n")
    assert fetch(port, expected="goodbye GET /")


def test_who_stops_the_parent_stops_the_child(serve):
    port = free_port()
    process = serve("app.ini", "--reload", "--port", str(port))
    assert fetch(port) == "good day GET /"
    process.send_signal(signal.SIGTERM)
    assert process.wait(30) == 0
    with pytest.raises(OSError):
        urlopen(f"http://127.0.0.1:{port}/", timeout=5)


def test_without_waitress_the_standard_server_serves(serve, folder):
    (folder / "waitress.py").write_text("raise ImportError('not here')\n")
    port = free_port()
    process = serve("plainapp:application", "--port", str(port), PYTHONPATH=str(folder))
    assert fetch(port) == "hello GET /"
    process.send_signal(signal.SIGINT)
    _, told = process.communicate(timeout=20)
    assert f"http://127.0.0.1:{port} with wsgiref" in told
    assert told.rstrip().endswith("stopped")


def test_only_what_is_edited_is_watched(tmp_path):
    from tropea.cli.reloading import outermost, own_folders, stamps

    for name in (
        "a.py",
        "b.ini",
        "data.json",
        "log.txt",
        ".hidden/c.py",
        "node_modules/d.py",
        "sub/e.html",
    ):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).touch()
    assert {path.name for path in stamps([tmp_path])} == {"a.py", "b.ini", "e.html"}
    assert outermost([tmp_path / "sub", tmp_path, tmp_path / "gone"]) == [tmp_path.resolve()]
    assert not any("site-packages" in folder.parts for folder in own_folders())
