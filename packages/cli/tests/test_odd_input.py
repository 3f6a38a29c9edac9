"""What is odd is said in a line that tells what to do: odd applications, names, inis, consoles."""

import os
import subprocess
import sys

import pytest

from tropea.cli.asking import ask, make_environ
from tropea.cli.inis import check_ini
from tropea.cli.loading import Target
from tropea.cli.problems import CommandError
from tropea.cli.skeletons import names_for
from tropea.cli.terminal import visible


def ends(error):
    def app(environ, start_response):
        raise error

    return app


def answering(body, status="200 OK", headers=()):
    def app(environ, start_response):
        start_response(status, list(headers))
        return body

    return app


def twice(environ, start_response):
    start_response("200 OK", [])
    start_response("500 No", [])
    return []


@pytest.mark.parametrize(
    ("app", "message"),
    [
        (answering(None), "returned None"),
        (answering(["text"]), "body is to be of bytes, it has 'text'"),
        (answering("text"), "body is to be of bytes, it has 't'"),
        (answering([], "OK"), "expected a status such as '200 OK', got 'OK'"),
        (answering([], b"200 OK"), "expected a status"),
        (answering([], "200 OK", [("X", 1)]), "headers are to be str"),
        (twice, "start_response twice"),
        (ends(SystemExit("bye")), r"ended the program: SystemExit\('bye'\)"),
    ],
)
def test_what_no_server_could_send_is_said(app, message):
    with pytest.raises(CommandError, match=message):
        ask(app, make_environ("/", "GET"))


@pytest.mark.parametrize(
    ("url", "method", "message"),
    [
        ("/", "G T", "expected a method such as GET"),
        ("/", "", "expected a method"),
        ("ftp://host/x", "GET", "an address with http or https"),
    ],
)
def test_a_request_that_is_none_is_refused(url, method, message):
    with pytest.raises(CommandError, match=message):
        make_environ(url, method)


@pytest.mark.parametrize("name", ["os", "test", "Tropea", "json"])
def test_a_project_takes_no_name_that_others_need(name):
    with pytest.raises(CommandError, match="choose another name"):
        names_for(name)


@pytest.mark.parametrize("name", ["a b", "a/b", "../up", "-x-", "x."])
def test_a_distribution_has_a_name_that_installers_take(name, tmp_path, tropea):
    answer = tropea("create", "--", name)
    assert answer.returncode == 2
    assert "a distribution's name" in answer.stderr


def test_a_folder_that_cannot_be_written_is_named(tropea):
    answer = tropea("create", "shop", "--folder", "/dev/null/shop")
    assert answer.returncode == 2
    assert "cannot be written" in answer.stderr
    assert "Traceback" not in answer.stderr


def write(folder, text, name="odd.ini"):
    path = folder / name
    path.write_bytes(text.encode() if isinstance(text, str) else text)
    return path


def test_an_ini_with_a_byte_order_mark_says_so(tmp_path):
    path = write(tmp_path, "\ufeff[app:main]\npaste.app_factory = a:b\n")
    with pytest.raises(CommandError, match="byte order mark"):
        Target(str(path)).load()


def test_a_section_that_uses_itself_is_said(tmp_path):
    path = write(tmp_path, "[app:main]\nuse = config:odd.ini\n")
    with pytest.raises(CommandError, match="a section uses itself"):
        Target(str(path)).load()


def test_a_module_that_ends_the_program_does_not_end_ours(tmp_path, monkeypatch):
    (tmp_path / "ending_module.py").write_text("raise SystemExit('usage: …')\n", "utf-8")
    monkeypatch.syspath_prepend(str(tmp_path))
    path = write(tmp_path, "[app:main]\npaste.app_factory = ending_module:make\n")
    with pytest.raises(CommandError, match="ended the program when it was loaded"):
        Target(str(path)).load()
    with pytest.raises(CommandError, match="ended the program when it was loaded"):
        Target("ending_module:app").load()
    assert any("SystemExit" in found.text for found in check_ini(path))


def test_a_pipeline_without_members_and_a_factory_without_a_name_are_found(tmp_path):
    text = "[pipeline:main]\npipeline =\n[app:a]\npaste.app_factory = json\n"
    told = [found.text for found in check_ini(write(tmp_path, text))]
    assert "pipeline: names no application" in told
    assert any("expected package.module:name, got 'json'" in text for text in told)


def test_what_an_application_says_does_not_steer_the_terminal():
    assert visible("a\x1b[31m\r\x9b\x7f\tb\n") == "a\\x1b[31m\\r\\x9b\\x7f\tb\n"


@pytest.mark.parametrize("arguments", [["--help"], ["points"], ["create", "…"], ["help", "serve"]])
def test_a_console_that_knows_ascii_alone_gets_ascii(arguments):
    environ = {**os.environ, "PYTHONIOENCODING": "ascii", "PYTHONUTF8": "0"}
    command = [sys.executable, "-m", "tropea.cli", *arguments]
    answer = subprocess.run(command, capture_output=True, env=environ, check=False)
    assert answer.returncode == (2 if arguments[0] == "create" else 0)
    assert b"UnicodeEncodeError" not in answer.stderr
    assert (answer.stdout + answer.stderr).isascii()


@pytest.mark.skipif(os.name == "nt", reason="a shell's way to close a stream")
@pytest.mark.parametrize(
    "arguments", ["request app.ini / -d @- <&-", "shell app.ini <&-"], ids=["request", "shell"]
)
def test_a_closed_standard_input_is_said(folder, arguments):
    command = f"{sys.executable} -m tropea.cli {arguments}"
    answer = subprocess.run(command, shell=True, cwd=folder, capture_output=True, check=False)
    assert answer.returncode == 2
    assert b"standard input is closed" in answer.stderr


def test_what_is_missing_does_not_name_what_may_be_left_out(tropea):
    answer = tropea("serve")
    assert "the following arguments are required: app.ini\n" in answer.stderr


def test_an_address_that_is_none_is_said_in_a_line(tropea, folder):
    answer = tropea("serve", "app.ini", "--host", "nowhere.invalid")
    assert answer.returncode == 2
    assert "http://nowhere.invalid:8080 cannot be listened on" in answer.stderr
