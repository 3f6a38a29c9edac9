"""environ["tropea.cache"]: the cache object that Pylons had, on dogpile.cache."""

import json
import os
import socket
import threading

import pytest
from dogpile.cache.api import NO_VALUE, CacheBackend

from tropea.caching import CacheManager, CacheMiddleware, FingerprintError
from tropea.caching.filters import cache as cache_filter
from tropea.caching.regions import FailOpen, bounded, dump
from tropea.core.errors import OptionError
from tropea.core.stores import Breaker


@pytest.fixture
def caches():
    return CacheManager()


def test_the_cache_is_in_environ(fetch):
    seen = []

    def app(environ, start_response):
        seen.append(environ["tropea.cache"])
        start_response("200 OK", [("Content-Type", "text/plain")])
        return [b"x"]

    layer = CacheMiddleware(app)
    fetch(layer), fetch(layer)
    assert seen[0] is seen[1] is layer.caches


def test_createfunc_runs_once_until_the_value_is_too_old(caches):
    made = []
    pages = caches.get_cache("pages")
    for _ in range(3):
        assert pages.get("home", createfunc=lambda: made.append(1) or len(made), expiretime=60) == 1
    assert pages.get("home", createfunc=lambda: 2, expiretime=0) == 2
    assert caches.get_cache("pages") is pages


def test_values_are_put_found_and_removed(caches):
    cache = caches.get_cache("a")
    assert cache.get("k") is None and cache.get("k", default=7) == 7
    cache.put("k", [1])
    assert cache.get("k") == [1] and "k" in cache and cache.has_key("k")
    assert "k" not in caches.get_cache("b")
    cache.remove("k")
    cache.remove("k")
    assert "k" not in cache
    cache.set_value("k", 1)
    cache.clear()
    assert cache.get_value("k") is None


def test_none_is_a_value(caches):
    made = []
    cache = caches.get_cache("a")
    for _ in range(2):
        assert cache.get("k", createfunc=lambda: made.append(1)) is None
    assert made == [1]


def test_one_of_many_threads_makes_the_value(caches):
    made, barrier = [], threading.Barrier(10)

    def create():
        made.append(1)
        return 1

    def work():
        barrier.wait()
        caches.get_cache("a").get("k", createfunc=create)

    threads = [threading.Thread(target=work) for _ in range(10)]
    [t.start() for t in threads], [t.join() for t in threads]
    assert made == [1]


def test_cached_tells_arguments_apart_and_forgets_one(caches):
    calls = []

    @caches.cached("sums")
    def add(a, b=0):
        calls.append((a, b))
        return a + b

    assert [add(1, b=2), add(1, b=2), add(2, b=1), add("1", b="2")] == [3, 3, 3, "12"]
    assert len(calls) == 3
    add.invalidate(1, b=2)
    add(1, b=2)
    assert len(calls) == 4 and add.__name__ == "add"


@pytest.mark.parametrize(
    "backend",
    [
        "dogpile.cache.memory_pickle",
        "dogpile.cache.memcached",
        "dogpile.cache.bmemcached",
        "dogpile.cache.pylibmc",
        "somebody.elses",
    ],
)
def test_back_ends_that_pickle_are_refused(backend):
    with pytest.raises(OptionError, match="pickle"):
        CacheManager(backend=backend)


@pytest.mark.parametrize(
    ("backend", "argument"),
    [("dogpile.cache.pymemcache", "url"), ("dogpile.cache.dbm", "filename")],
)
def test_an_argument_that_a_back_end_needs_is_missed_when_the_cache_is_made(backend, argument):
    with pytest.raises(OptionError, match=f"arguments: {backend} needs '{argument}'"):
        CacheManager(backend=backend)


def test_a_file_holds_json_and_nothing_that_could_be_run(tmp_path):
    caches = CacheManager(
        backend="dogpile.cache.dbm", arguments={"filename": str(tmp_path / "c.dbm")}
    )
    cache = caches.get_cache("a")
    assert cache.get("k", createfunc=lambda: {"a": [1, None, "é"]}) == {"a": [1, None, "é"]}
    assert cache.get("k") == {"a": [1, None, "é"]}
    with pytest.raises(TypeError):
        cache.put("k", object())
    data = b"".join(path.read_bytes() for path in tmp_path.iterdir())
    assert b'{"a":[1,null' in data


def test_what_somebody_else_wrote_is_no_value(tmp_path):
    import pickle

    caches = CacheManager(
        backend="dogpile.cache.dbm", arguments={"filename": str(tmp_path / "c.dbm")}
    )
    cache = caches.get_cache("a")
    cache.put("k", 1)
    name = cache.region.key_mangler("k")
    backend = cache.region.actual_backend
    backend.set_serialized(name, b'{"ct":0,"v":1}|' + pickle.dumps(print))
    assert cache.get("k", default="none") == "none"
    assert cache.get("k", createfunc=lambda: "new") == "new"


def test_the_filter_reads_an_ini_files_words():
    layer = cache_filter(
        {}, backend="dogpile.cache.dbm", arguments=json.dumps({"filename": "x"}), expire="5m"
    )(print)
    assert (layer.options.expire, layer.options.arguments) == (300.0, {"filename": "x"})
    assert cache_filter({}, expire="none")(print).options.expire is None
    with pytest.raises(OptionError, match="expire: expected a time such as 5m, or none, got '-1'"):
        cache_filter({}, expire="-1")
    with pytest.raises(OptionError, match="expire: expected 0 or more, or None for never, got -1"):
        CacheManager(expire=-1)
    with pytest.raises(OptionError, match="mapping"):
        cache_filter({}, arguments="[1]")


BACK_ENDS = {
    "dogpile.cache.redis": lambda port: {"host": "127.0.0.1", "port": port},
    "dogpile.cache.pymemcache": lambda port: {"url": f"127.0.0.1:{port}"},
}


@pytest.fixture
def silence():
    """A port where connections are taken and nothing is ever said."""
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        listening.listen(50)
        yield listening.getsockname()[1]


@pytest.fixture
def refusal():
    """A port where nobody listens."""
    with socket.socket() as bound:
        bound.bind(("127.0.0.1", 0))
        yield bound.getsockname()[1]


@pytest.mark.parametrize("backend", BACK_ENDS)
@pytest.mark.parametrize("trouble", ["silence", "refusal"])
def test_a_server_in_trouble_costs_no_answer(request, backend, trouble, caplog):
    port = request.getfixturevalue(trouble)
    arguments = BACK_ENDS[backend](port) | {"socket_timeout": 0.05}
    cache = CacheManager(backend=backend, arguments=arguments).get_cache("a")
    assert [cache.get("k", createfunc=lambda: "made") for _ in range(4)] == ["made"] * 4
    cache.put("k", 1)
    cache.remove("k")
    assert cache.get("k", default="none") == "none"
    assert "k" not in cache
    assert "the object cache's back end failed and is skipped" in caplog.text


@pytest.mark.parametrize("backend", BACK_ENDS)
def test_no_client_waits_for_ever(backend):
    arguments = BACK_ENDS[backend](1)
    kept = CacheManager(backend=backend, arguments=arguments).get_cache("a").region.actual_backend
    if backend == "dogpile.cache.redis":
        settings = kept.reader_client.connection_pool.connection_kwargs
        assert (settings["socket_timeout"], settings["socket_connect_timeout"]) == (0.3, 0.3)
        assert settings["retry"].get_retries() == 0
        own = {"connection_kwargs": {"socket_timeout": 9}}
        assert bounded(backend, own)["connection_kwargs"]["socket_timeout"] == 9
        assert bounded(backend, {"connection_pool": 1}) == {"connection_pool": 1}
    else:
        (client,) = kept.client.clients.values()
        assert (client.timeout, client.connect_timeout) == (0.3, 0.3)


def test_no_process_has_the_memcached_client_of_another(monkeypatch):
    cache = CacheManager(backend="dogpile.cache.pymemcache", arguments={"url": "127.0.0.1:1"})
    kept = cache.get_cache("a").region.actual_backend
    ours = kept.client
    assert kept.client is ours
    others = []
    thread = threading.Thread(target=lambda: others.append(kept.client))
    thread.start()
    thread.join()
    monkeypatch.setattr(os, "getpid", lambda: -1)  # as after a fork
    others.append(kept.client)
    assert len({id(client) for client in (ours, *others)}) == 3


def test_what_cannot_be_kept_or_told_apart_is_refused(caches):
    async def coroutine():
        """Give nothing."""

    def generator():
        yield 1

    for function in (coroutine, generator):
        with pytest.raises(OptionError, match="cached: the result of .* can be had only once"):
            caches.cached("a")(function)

    @caches.cached("a")
    def of(thing):
        return 1

    with pytest.raises(FingerprintError, match="cached: no key can be made .* give it one by key="):
        of(object())
    assert caches.cached("a", key=lambda thing: 1)(lambda thing: 2)(object()) == 2


def test_a_list_and_a_tuple_are_not_the_same_argument(caches):
    kind = caches.cached("a")(lambda value: type(value).__name__)
    assert (kind([1]), kind((1,)), kind([1])) == ("list", "tuple", "list")


class Failing(CacheBackend):
    """A back end, and its lock, that fail as long as they are told to."""

    def __init__(self):
        self.calls, self.fails, self.kept = 0, True, {}

    def _counted(self):
        self.calls += 1
        if self.fails:
            raise OSError("no route")

    def get_serialized(self, key):
        self._counted()
        return self.kept.get(key, NO_VALUE)

    def get_serialized_multi(self, keys):
        return [self.get_serialized(key) for key in keys]

    def set_serialized(self, key, value):
        self._counted()
        self.kept[key] = value

    def get_mutex(self, key):
        self._counted()
        return self

    def acquire(self, wait=True):
        self._counted()
        return False

    locked = acquire

    def release(self):
        self._counted()


def test_a_back_end_that_fails_again_and_again_is_left_alone_for_a_while():
    now = [0.0]
    backend = Failing()
    proxy = FailOpen(Breaker(3, 1.0, clock=lambda: now[0])).wrap(backend)
    assert proxy.get_serialized_multi(["a", "b"]) == [NO_VALUE, NO_VALUE]
    assert [proxy.get_serialized("k") for _ in range(9)] == [NO_VALUE] * 9
    assert backend.calls == 3
    backend.fails, now[0] = False, 1.5
    proxy.set_serialized("k", b"1")
    assert proxy.get_serialized("k") == b"1"


def test_a_lock_of_a_back_end_that_fails_keeps_nobody_waiting():
    backend = Failing()
    assert FailOpen().wrap(backend).get_mutex("k") is None
    backend.fails = False
    mutex = FailOpen().wrap(backend).get_mutex("k")
    assert mutex.acquire() is False
    backend.fails = True
    assert (mutex.acquire(), mutex.locked()) == (True, False)
    mutex.release()


def test_what_makes_a_value_may_fail(caches):
    with pytest.raises(ZeroDivisionError):
        caches.get_cache("a").get("k", createfunc=lambda: 1 / 0)


@pytest.mark.parametrize(
    "value", [float("nan"), {"a": float("inf")}, {1, 2}, b"x", 10**5000], ids=lambda v: str(type(v))
)
def test_what_json_cannot_hold_is_a_type_error(value):
    with pytest.raises(TypeError):
        dump(value)
    circle = []
    circle.append(circle)
    with pytest.raises(TypeError, match="JSON cannot hold"):
        dump(circle)
