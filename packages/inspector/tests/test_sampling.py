"""Sampling: stacks of all requests, the body's making included, in bounded memory, for little."""

import json
import marshal
import os
import pstats
import sys
import threading
import time

import pytest

from tropea.core import pipeline
from tropea.core.errors import OptionError
from tropea.inspector import ProfilerMiddleware
from tropea.inspector.callstacks import stats_of
from tropea.inspector.sampling import Sampler, Samples, look


class Kitchen:
    """An application that is busy until it has been looked at so many times."""

    def __init__(self, times=3):
        self.times, self.layer = times, None

    def __call__(self, environ, start_response):
        start_response("200 OK", [("Content-Type", "text/plain")])
        return self.blocks()

    def blocks(self):
        yield b"soup"
        chop(lambda: len(self.taken()) >= self.times)
        yield b" of onions"

    def taken(self):
        watched = list(self.layer.sampler._watched.values())
        return [None] * sum(samples.taken for _, samples in watched)


def chop(enough):
    until = time.monotonic() + 30
    while not enough() and time.monotonic() < until:
        stir()


def stir():
    return sum(range(500))


@pytest.fixture
def kitchen():
    app = Kitchen()
    app.layer = ProfilerMiddleware(app, enabled=True, how="samples", interval=0.001)
    return app


def test_what_takes_the_time_of_a_body_is_seen(kitchen, call):
    assert call(kitchen.layer, "/soup").body == b"soup of onions"
    (profile,) = kitchen.layer.profiles.latest()
    assert (profile.how, profile.path) == ("samples", "/soup")
    stacks = [[name for *_, name in stack] for stack in profile.stacks]
    assert any("chop" in stack for stack in stacks)
    assert not any("step" in stack or "_watched" in stack for stack in stacks), "nothing of ours"
    assert sum(times for times, _ in profile.stacks.values()) >= 3


def test_probes_are_no_part_of_a_flame(kitchen, call, inspected):
    layer, _ = inspected(pipeline(lambda app: kitchen.layer, kitchen), always=True)
    call(layer, "/soup")
    names = {name for stack in kitchen.layer.profiles.whole().stacks for *_, name in stack}
    assert "chop" in names
    assert not any("Probe" in name or "_Counted" in name for name in names)


def test_all_requests_together_are_one_profile(kitchen, call):
    for _ in range(3):
        call(kitchen.layer, "/soup")
    whole = kitchen.layer.profiles.whole()
    assert whole.path == "3 requests"
    seen = [profile.stacks for profile in kitchen.layer.profiles.latest()]
    assert sum(n for n, _ in whole.stacks.values()) == sum(
        n for one in seen for n, _ in one.values()
    )


def test_the_page_shows_it_and_its_file_can_be_read(kitchen, call, inspected, tmp_path):
    layer, cookie = inspected(pipeline(lambda app: kitchen.layer, kitchen))
    call(layer, "/soup")
    told = json.loads(call(layer, "/__onion__/data/profiles", **cookie).body)["profiles"]
    assert [one["address"] for one in told][:2] == ["profiles/all", "profiles/1"]
    assert told[0]["top"][0]["samples"] >= 1
    page = call(layer, "/__onion__/profiles/all", **cookie).text
    assert 'class="flame"' in page
    assert "chop test_sampling.py" in page
    assert "An estimate" not in page
    (tmp_path / "all.prof").write_bytes(call(layer, "/__onion__/profiles/all.prof", **cookie).body)
    assert pstats.Stats(str(tmp_path / "all.prof")).total_calls >= 3


def test_requests_at_the_same_time_are_told_apart(call):
    app = Kitchen()
    layer = app.layer = ProfilerMiddleware(app, enabled=True, how="samples", interval=0.001)
    workers = [threading.Thread(target=call, args=(layer, f"/{n}")) for n in range(3)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert layer.together.requests == 3
    assert {profile.path for profile in layer.profiles.latest()} <= {"/0", "/1", "/2"}


def test_a_request_that_is_over_before_anybody_looked_has_no_profile(call):
    def app(environ, start_response):
        start_response("200 OK", [])
        return [b"ok"]

    layer = ProfilerMiddleware(app, enabled=True, how="samples", interval=1.0)
    assert call(layer, "/").body == b"ok"
    assert layer.profiles.latest() == []
    assert layer.profiles.whole().path == "1 requests"


def test_an_exception_goes_on_and_is_no_longer_watched(call):
    def broken(environ, start_response):
        raise ValueError("no such recipe")

    layer = ProfilerMiddleware(broken, enabled=True, how="samples")
    with pytest.raises(ValueError, match="no such recipe"):
        call(layer, "/")
    assert layer.sampler._watched == {}
    assert layer.together.requests == 1


def test_the_thread_ends_and_the_interpreter_is_as_before(monkeypatch):
    monkeypatch.setattr("tropea.inspector.sampling._IDLE", 0.0)
    for thread in threading.enumerate():
        if thread.name == "sampler":  # of a test before
            thread.join(20)
    before = sys.getswitchinterval()
    sampler = Sampler(0.001)
    with sampler.watch(Samples()):
        thread = sampler._thread
        assert thread.is_alive()
    thread.join(20)
    assert not sampler.running
    assert sys.getswitchinterval() == pytest.approx(before)
    with sampler.watch(Samples()):  # it begins again when there is work
        assert sampler.running
    sampler._thread.join(20)


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
@pytest.mark.filterwarnings("ignore:.*multi-threaded.*fork:DeprecationWarning")
def test_a_process_that_forks_samples_on(kitchen, call):
    call(kitchen.layer, "/before")
    child = os.fork()
    if child == 0:
        try:
            call(kitchen.layer, "/after")
            seen = {profile.path for profile in kitchen.layer.profiles.latest()}
            os._exit(0 if seen == {"/before", "/after"} else 1)
        except BaseException:
            os._exit(2)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0


def test_a_look_sees_only_what_is_within_a_watched_call():
    samples = Samples()

    def watched():
        frame = sys._getframe()
        inner(frame)

    def inner(frame):
        look({id(frame): (frame, samples)}, 0.5)

    watched()
    ((stack, (times, seconds)),) = samples.stacks().items()
    assert [name.rpartition(".")[2] for *_, name in stack] == ["inner", "look"]
    assert (times, seconds) == (1, 0.5)
    look({}, 0.5)
    assert samples.taken == 1


def test_different_stacks_are_so_many(monkeypatch):
    monkeypatch.setattr("tropea.inspector.sampling._MOST", 3)
    samples = Samples()
    codes = [compile(f"x{n}", f"f{n}.py", "exec") for n in range(10)]
    for code in codes:
        samples.add((code,), 0.1)
    found = samples.stacks()
    assert len(found) == 4
    assert found[(("~", 0, "(further stacks)"),)][0] == 7
    assert sum(times for times, _ in found.values()) == 10


def test_recursion_is_counted_once_a_stack():
    main, deep = ("a.py", 1, "main"), ("a.py", 2, "deep")
    stats = stats_of({(main, deep, deep, deep): (2, 0.2)})
    assert stats[deep][:4] == (2, 2, 0.2, 0.2)
    assert stats[main][:4] == (2, 2, 0.0, 0.2)
    assert marshal.loads(marshal.dumps(stats)) == stats


@pytest.mark.parametrize("options", [{"interval": 0.0}, {"interval": 2.0}, {"how": "guessing"}])
def test_wrong_options_fail_at_start(options):
    with pytest.raises(OptionError):
        ProfilerMiddleware(None, enabled=True, **options)
