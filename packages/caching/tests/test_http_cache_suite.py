"""The HTTP cache tests behind cache-tests.fyi, on waitress, with every store."""

import importlib.util
import json
import os
import pathlib
import shutil
import subprocess
from concurrent.futures import ThreadPoolExecutor

import pytest

HERE = pathlib.Path(__file__).resolve()
FOLDER = next(
    (
        p / "conformance" / "http-cache"
        for p in HERE.parents
        if (p / "conformance" / "http-cache").is_dir()
    ),
    None,
)

STORES = ("memory", "file", "sqlite", "redis", "memcached")

pytestmark = pytest.mark.slow


def give_up(name, reason):
    """Skip for what is not installed; fail where it has to be."""
    required = os.environ.get("TROPEA_REQUIRE", "").replace(" ", "").split(",")
    (pytest.fail if name in required else pytest.skip)(reason)


@pytest.fixture(scope="module")
def suite():
    if FOLDER is None:
        give_up("node", "conformance/http-cache is not beside this package")
    if not shutil.which("node") or not shutil.which("npm"):
        give_up("node", "Node and npm are not installed here")
    spec = importlib.util.spec_from_file_location("http_cache_run", FOLDER / "run.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    try:
        module.install()
    except (subprocess.SubprocessError, OSError) as error:
        give_up("node", f"the suite cannot be installed: {error}")
    return module


@pytest.fixture(scope="module")
def runs(suite):
    """One run for each store, three at a time: the suite mostly waits for seconds to pass."""
    with ThreadPoolExecutor(3) as pool:
        found = [store for store in STORES if suite.backends.is_found(store)]
        yield {store: pool.submit(suite.results_with, store) for store in found}


@pytest.mark.parametrize("store", STORES)
def test_only_the_expected_tests_fail(suite, runs, store):
    if store not in runs:
        give_up(store, f"{store} is not installed here")
    expected = suite.expectation()
    found, kinds = runs[store].result(), suite.catalogue()
    failed = {}
    for kind in ("required", "optimal"):
        passed, _total, names = suite.score(found, kinds, kind)
        assert passed >= expected[kind], names
        failed.update((name, found.get(name)) for name in names)
    assert failed.keys() == expected["fails"].keys(), failed


def test_the_proxy_alone_scores_as_the_origin_does(suite):
    """A proxy that lost or added something would lend its faults, or its luck, to the cache."""
    assert suite.bare_difference() == set()


@pytest.mark.parametrize("file", ["expectation.json", "expectation-newer.json"])
def test_an_expectation_names_options_of_the_layer_and_gives_a_reason_for_each_failure(file):
    from tropea.caching import HTTPCacheMiddleware

    if FOLDER is None:
        give_up("node", "conformance/http-cache is not beside this package")
    expected = json.loads((FOLDER / file).read_text())
    HTTPCacheMiddleware.layer(store="memory:", **expected["options"])
    assert all(expected["fails"].values())


def test_the_stores_that_are_tried_are_all_that_there_are(suite):
    from tropea.caching.stores import open_store

    assert STORES == suite.backends.KINDS
    for kind in STORES:
        open_store({"memory": "memory:"}.get(kind, f"{kind}://localhost/x")).close()
