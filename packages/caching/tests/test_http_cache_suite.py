"""The HTTP cache tests behind cache-tests.fyi: what passes and what we know to fail."""

import importlib.util
import os
import pathlib
import shutil
import subprocess

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

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def suite():
    required = "node" in os.environ.get("TROPEA_REQUIRE", "").replace(" ", "").split(",")
    give_up = pytest.fail if required else pytest.skip
    if FOLDER is None:
        give_up("conformance/http-cache is not beside this package")
    if not shutil.which("node") or not shutil.which("npm"):
        give_up("Node and npm are not installed here")
    spec = importlib.util.spec_from_file_location("http_cache_run", FOLDER / "run.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    try:
        module.install()
    except (subprocess.SubprocessError, OSError) as error:
        give_up(f"the suite cannot be installed: {error}")
    return module


@pytest.fixture(scope="module")
def stores(tmp_path_factory):
    """Two that differ most: one keeps objects, the other streams; run.py takes any by --store."""
    return {"memory": "memory:", "file": f"file:///{tmp_path_factory.mktemp('stores')}"}


@pytest.mark.parametrize("store", ["memory", "file"])
def test_only_the_expected_tests_fail(suite, stores, store):
    expected = suite.expectation()
    found = suite.results(suite.cache_layer(stores[store]))
    kinds = suite.catalogue()
    failed = {}
    for kind in ("required", "optimal"):
        passed, _total, names = suite.score(found, kinds, kind)
        assert passed >= expected[kind], names
        failed.update((name, found.get(name)) for name in names)
    assert failed.keys() == expected["fails"].keys(), failed


def test_the_proxy_alone_scores_as_the_origin_does(suite):
    """A proxy that lost or added something would lend its faults, or its luck, to the cache."""
    with suite.Origin() as origin:
        direct = __import__("json").loads(suite.ask(f"http://localhost:{origin.port}"))
    through = suite.results(lambda app: app)
    kinds = suite.catalogue()
    counted = [name for name, kind in kinds.items() if kind != "check"]
    assert {n for n in counted if direct.get(n) is True} == {
        n for n in counted if through.get(n) is True
    }
