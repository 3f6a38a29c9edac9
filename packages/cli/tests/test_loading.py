r"""Files and objects are told apart, on every system's paths; messages say what to do."""

import pytest

from tropea.cli.loading import Target, read_target, uri_of
from tropea.cli.servers import address_of


@pytest.mark.parametrize(
    ("text", "path", "section"),
    [
        (r"C:\sites\shop.ini", r"C:\sites\shop.ini", ""),
        (r"C:\sites\shop.ini#admin", r"C:\sites\shop.ini", "admin"),
        ("C:/sites/shop.ini", "C:/sites/shop.ini", ""),
        (r"d:\sites\production", r"d:\sites\production", ""),
        (r"\\server\share\shop.ini", r"\\server\share\shop.ini", ""),
        ("shop.INI", "shop.INI", ""),
        ("/sites/c#/shop.ini#admin", "/sites/c#/shop.ini", "admin"),
        ("my site/shop.ini", "my site/shop.ini", ""),
    ],
)
def test_a_path_may_have_a_drive_spaces_and_number_signs(text, path, section):
    assert read_target(text) == (True, path, section)


@pytest.mark.parametrize(
    "text", ["shop.wsgi:application", "c:app", "shop", "shop.wsgi:make_app()", "C:app.factory()"]
)
def test_a_module_is_no_path_even_with_one_letter(text):
    assert read_target(text) == (False, text, "")


def test_a_file_that_is_there_is_a_file_whatever_it_is_called(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for name in ("production", "a:b", "odd#name"):
        (tmp_path / name).touch()
        assert read_target(name) == (True, name, "")


@pytest.mark.parametrize("name", ["c#", "ünï", "with space", "a;b"])
def test_an_ini_in_any_folder_reaches_paste(tropea, folder, name):
    inner = folder / name
    inner.mkdir()
    for file in ("app.ini", "plainapp.py"):
        (folder / file).rename(inner / file)
    answer = tropea("request", f"{name}/app.ini", "/")
    assert (answer.returncode, answer.stdout) == (0, "good day GET /"), answer.stderr
    assert tropea("check", f"{name}/app.ini").returncode == 0
    assert tropea("request", f"{name}/app.ini#site", "/").stdout == "good day GET /"


def test_a_folder_that_paste_cannot_read_is_named(tropea, folder):
    (folder / "50% off").mkdir()
    (folder / "app.ini").rename(folder / "50% off" / "app.ini")
    answer = tropea("request", "50% off/app.ini", "/")
    assert answer.returncode == 2
    assert "no file with % in its name, or in that of a folder" in answer.stderr


def test_windows_paths_are_spelled_for_paste_as_it_reads_them():
    class Windows:
        def __str__(self):
            return r"C:\my sites\50%\shop.ini"

    assert uri_of(Windows()) == r"config:C:\my sites\50%25\shop.ini"


def test_the_section_can_be_named_twice_over():
    assert Target("shop.ini#admin", name="main").name == "admin"
    assert Target("shop.ini", name="admin").name == "admin"
    assert Target("shop.ini").name == "main"


@pytest.mark.parametrize(
    ("options", "address"),
    [
        ({}, "http://127.0.0.1:8080"),
        ({"host": "0.0.0.0", "port": "80"}, "http://0.0.0.0:80"),
        ({"listen": "localhost:6543"}, "http://localhost:6543"),
        ({"listen": "*:80"}, "http://0.0.0.0:80"),
        ({"listen": "[::1]:80 127.0.0.1:80"}, "http://[::1]:80"),
        ({"host": "::1"}, "http://[::1]:8080"),
        ({"bind": "unix:/run/x"}, "unix:/run/x"),
        ({"unix_socket": "/run/x"}, "/run/x"),
        ({"ssl_pem": "x.pem"}, "https://127.0.0.1:8080"),
    ],
)
def test_the_address_of_a_server_is_one_to_open(options, address):
    assert address_of(options) == address
