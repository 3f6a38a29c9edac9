"""environ["tropea.cache"]: the cache object that Pylons had, on dogpile.cache."""

import json
import threading

import pytest

from tropea.caching import CacheManager, CacheMiddleware
from tropea.caching.filters import cache as cache_filter
from tropea.core.errors import OptionError


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
    with pytest.raises(OptionError, match="mapping"):
        cache_filter({}, arguments="[1]")
