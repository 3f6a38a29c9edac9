"""Profiles: the body's making included, files few and named safely, nothing without being asked."""

import json
import pstats
import threading

import pytest

from tropea.core import pipeline
from tropea.core.errors import OptionError
from tropea.inspector import ProfilerMiddleware, profile_import, set_profile


def work():
    return sum(range(1000))


def slow(environ, start_response):
    start_response("200 OK", [])

    def blocks():
        yield str(work()).encode()

    return blocks()


def test_it_refuses_to_start_unless_asked():
    with pytest.raises(OptionError, match="say enabled=True"):
        ProfilerMiddleware(slow)


def test_the_body_is_profiled_too(call):
    layer = ProfilerMiddleware(slow, enabled=True)
    assert call(layer, "/a").body == b"499500"
    (profile,) = layer.profiles.latest()
    assert any(name.startswith("work test_profiler.py:") for name, *_ in profile.top())
    assert profile.seconds > 0


def test_the_page_shows_the_top_functions_and_a_flame(call, inspected):
    layer, cookie = inspected(pipeline(ProfilerMiddleware.layer(enabled=True), slow))
    call(layer, "/a")
    assert "work test_profiler.py" in call(layer, "/__onion__/profiles/1", **cookie).text
    assert 'class="flame"' in call(layer, "/__onion__/profiles/1", **cookie).text
    assert (
        json.loads(call(layer, "/__onion__/data/profiles", **cookie).body)["profiles"][0]["path"]
        == "/a"
    )
    answer = call(layer, "/__onion__/profiles/1.prof", **cookie)
    assert answer.headers["Content-Disposition"] == 'attachment; filename="1.prof"'
    assert call(layer, "/__onion__/profiles/9.prof", **cookie).status == "404 Not Found"


def test_one_request_in_so_many_is_profiled_and_so_many_are_kept(call):
    layer = ProfilerMiddleware(slow, enabled=True, every=2, keep=3)
    for _ in range(12):
        call(layer, "/a")
    assert [profile.number for profile in layer.profiles.latest()] == [6, 5, 4]


def test_files_have_safe_names_are_few_and_can_be_read(call, tmp_path):
    layer = ProfilerMiddleware(slow, enabled=True, folder=tmp_path / "log", files=2)
    for path in ("/../../etc/passwd", "/" + "x" * 5000, "/third"):
        call(layer, path)
    names = sorted(file.name for file in (tmp_path / "log").iterdir())
    assert len(names) == 2
    assert names[0] == "get_._._etc_passwd.prof"
    assert len(names[1]) < 120
    assert pstats.Stats(str(tmp_path / "log" / names[0])).total_calls > 0


def test_files_of_earlier_processes_count(call, tmp_path):
    for name in ("a.prof", "b.prof"):
        (tmp_path / name).write_bytes(b"")
    layer = ProfilerMiddleware(slow, enabled=True, folder=tmp_path, files=3)
    for path in ("/one", "/one", "/two"):
        call(layer, path)
    assert sorted(file.name for file in tmp_path.iterdir()) == ["a.prof", "b.prof", "get_one.prof"]


def test_a_folder_that_cannot_be_written_is_logged_and_no_business_of_clients(
    call, tmp_path, caplog
):
    (tmp_path / "file").write_text("")
    layer = ProfilerMiddleware(slow, enabled=True, folder=tmp_path / "file" / "folder")
    assert [call(layer, "/a").body for _ in range(2)] == [b"499500"] * 2
    assert "a profile could not be kept" in caplog.text


def test_a_request_that_meets_another_being_profiled_runs_without(call):
    layer = ProfilerMiddleware(slow, enabled=True)
    body = layer(call(slow, "/").environ, lambda *args: None)
    other = threading.Thread(target=call, args=(layer, "/b"))
    other.start()
    other.join()
    assert b"".join(body) == b"499500"
    body.close()
    assert [profile.path for profile in layer.profiles.latest()] == ["/"]


def test_set_profile_writes_one_file_a_path(call, tmp_path):
    app = set_profile(slow, prefix=str(tmp_path / "req"))
    assert call(app, "/").body == b"499500"
    call(app, "/debug-info")
    assert sorted(file.name for file in tmp_path.iterdir()) == [
        "req_.profile",
        "req_debug-info.profile",
    ]


def test_set_profile_leaves_the_applications_own_errors_alone(call, tmp_path):
    def broken(environ, start_response):
        raise ValueError("no such recipe")

    app = set_profile(broken, prefix=str(tmp_path / "req"))
    for _ in range(2):  # and the next request is not locked out
        with pytest.raises(ValueError, match="no such recipe"):
            call(app, "/")
    assert pstats.Stats(str(tmp_path / "req_.profile")).total_calls > 0


def test_set_profile_answers_where_somebody_elses_profiler_runs(call, tmp_path):
    def refuses(*args, **kwargs):
        raise ValueError("Another profiling tool is already active")

    app = set_profile(slow, refuses, prefix=str(tmp_path / "req"))
    assert call(app, "/").body == b"499500"


def test_the_import_of_an_application_is_profiled(tmp_path):
    found = profile_import("json:dumps", str(tmp_path / "init.profile"))
    assert found is json.dumps
    assert pstats.Stats(str(tmp_path / "init.profile")).total_calls > 0


def test_a_profile_of_an_import_is_on_the_page(call, inspected):
    profile_import("json:loads")
    layer, cookie = inspected(slow)
    told = json.loads(call(layer, "/__onion__/data/profiles", **cookie).body)["profiles"][0]
    assert (told["method"], told["path"]) == ("import", "json:loads")
    assert "load_object" in call(layer, f"/__onion__/{told['address']}", **cookie).text
    file = call(layer, f"/__onion__/{told['address']}.prof", **cookie)
    assert file.headers["Content-Type"] == "application/octet-stream"
