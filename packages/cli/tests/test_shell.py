"""The shell: what it has, typed at a terminal and piped."""

import os
import select
import sys

import pytest


@pytest.mark.skipif(os.name != "posix", reason="terminals are POSIX's")
@pytest.mark.parametrize("options", [["--plain"], []], ids=["python", "ipython"])
def test_it_has_the_application_and_a_client(folder, options):
    import pty

    if not options:
        pytest.importorskip("IPython")
    pid, terminal = pty.fork()
    if pid == 0:
        os.chdir(folder)
        environ = {
            **os.environ,
            "TERM": "dumb",
            "IPYTHONDIR": str(folder / ".ipython"),
            "PYTHONWARNINGS": "ignore",
        }
        os.execve(
            sys.executable,
            [sys.executable, "-m", "tropea.cli", "shell", "app.ini", *options],
            environ,
        )
    said = ""

    def heard(*marks):
        nonlocal said
        while not any(mark in said for mark in marks):
            if not select.select([terminal], [], [], 60)[0]:
                pytest.fail(f"waited for {marks!r}, got {said!r}")
            said += os.read(terminal, 4096).decode("utf-8", "replace")

    try:
        heard(">>> ", "In [1]")
        assert "Here are app, client, stack" in said
        os.write(terminal, b"print(client.get('/x').body_text, len(stack) * 111)\r")
        heard("good day GET /x 222")
        os.write(terminal, b"exit()\r")
        while True:  # until the other end is closed
            try:
                if not os.read(terminal, 4096):
                    break
            except OSError:
                break
    finally:
        os.close(terminal)
        _, status = os.waitpid(pid, 0)
    assert os.waitstatus_to_exitcode(status) == 0


def test_it_has_what_the_project_adds(tropea, folder):
    (folder / "app.ini").write_text((folder / "app.ini").read_text() + "shell = adding:names\n")
    (folder / "adding.py").write_text(
        "def names(app):\n    return {'answer': 42, 'kind': type(app).__name__}\n"
    )
    answer = tropea("shell", "app.ini", input="print(answer, kind)")
    assert answer.stdout == "42 Adding\n", answer.stderr
