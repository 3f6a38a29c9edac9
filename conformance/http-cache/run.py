"""Run the HTTP cache tests against HTTPCacheMiddleware on waitress, and compare with what we expect.

    python conformance/http-cache/run.py [--store KIND-OR-ADDRESS | --every-store] [--id TEST]
    python conformance/http-cache/run.py --bare       # the proxy alone scores as the origin alone
    python conformance/http-cache/run.py --suite DIR  # the newer edition, cloned from its repository

Needs Node and npm; installs the suite beside this file the first time.  ``--store redis`` and
``--store memcached`` start a server of their own; ``--every-store`` runs all that are found.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import subprocess
import sys
import threading
import time
import urllib.request
from functools import cache
from pathlib import Path

HERE = Path(__file__).resolve().parent
SUITE = HERE / "node_modules" / "http-cache-tests"
sys.path.insert(0, str(HERE))

import backends  # noqa: E402


def install() -> None:
    """Install the suite once."""
    if not SUITE.exists():
        subprocess.run(
            ["npm", "install", "--no-audit", "--no-fund", "--no-package-lock", "--silent"],
            cwd=HERE, check=True, timeout=300, stdout=subprocess.DEVNULL,
        )


def engine() -> Path:
    """Return the folder of the suite's programs: the editions after 0.4.5 have moved them."""
    moved = SUITE / "test-engine"
    return moved if moved.is_dir() else SUITE


@cache
def listing(suite: Path) -> dict[str, dict]:
    """List a suite's tests for caches that are no browsers: id to kind and dependencies."""
    code = """
    import tests from './tests/index.mjs'
    const more = []
    for (const name of ['surrogate-control', 'cdn-cache-control'])
      try { more.push((await import(`./tests/${name}.mjs`)).default) } catch {}
    const found = {}
    for (const suite of new Set([...tests, ...more])) for (const test of suite.tests)
      if (!test.browser_only)
        found[test.id] = {kind: test.kind || 'required', needs: test.depends_on || []}
    console.log(JSON.stringify(found))
    """
    made = subprocess.run(["node", "--no-warnings", "--input-type=module", "-e", code], cwd=suite,
                          check=True, capture_output=True, text=True, timeout=60)
    return json.loads(made.stdout)


def catalogue() -> dict[str, str]:
    """List the suite's tests for caches that are no browsers: id to kind."""
    return {name: test["kind"] for name, test in listing(SUITE).items()}


def passed(found: dict) -> set[str]:
    """Name the tests that passed, as the suite's own summary does: with all that they depend on."""
    tests = listing(SUITE)

    def passes(name: str) -> bool:
        return found.get(name) is True and all(passes(need) for need in tests[name]["needs"] if need in tests)

    return {name for name in tests if passes(name)}


def settings(port: int, pidfile: str) -> dict[str, str]:
    return os.environ | {
        "npm_config_protocol": "http", "npm_config_port": str(port), "npm_config_pidfile": pidfile,
        "npm_package_config_id": "", "npm_package_config_base": "", "npm_config_id": "",
    }


class Origin:
    """The suite's own server."""

    def __enter__(self) -> Origin:
        self.port = backends.free_port()
        self.process = subprocess.Popen(
            ["node", "--no-warnings", str(engine() / "server" / "server.mjs")], cwd=SUITE,
            env=settings(self.port, os.devnull), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        )
        for _ in range(200):
            try:
                urllib.request.urlopen(f"http://localhost:{self.port}/package.json", timeout=1).close()
                return self
            except OSError:
                time.sleep(0.05)
        raise RuntimeError("the suite's server did not start")

    def __exit__(self, *exc) -> None:
        self.process.terminate()
        self.process.wait(10)


def hinting(channel_class):
    """Return waitress's channel with ``wsgi.early_hints``, which gunicorn has and waitress has not yet."""
    from waitress.task import WSGITask

    class Task(WSGITask):
        def get_environment(self):
            return super().get_environment() | {"wsgi.early_hints": self.hint}

        def hint(self, fields):
            lines = "".join(f"{name}: {value}\r\n" for name, value in fields)
            self.channel.write_soon(f"HTTP/1.1 103 Early Hints\r\n{lines}\r\n".encode("latin-1"))

    return type("HintingChannel", (channel_class,), {"task_class": Task})


class Server:
    """The application on waitress, with a thread for each of the suite's 100 clients."""

    def __init__(self, app) -> None:
        from waitress import create_server

        self.server = create_server(app, host="127.0.0.1", port=0, threads=100,
                                    backlog=512, connection_limit=1000)
        self.server.channel_class = hinting(self.server.channel_class)
        self.port = self.server.effective_port
        self.thread = threading.Thread(target=self.server.run, daemon=True)

    def __enter__(self) -> Server:
        self.thread.start()
        return self

    def __exit__(self, *exc) -> None:
        # In the loop's own thread: from here the sockets would be closed under its hands.
        server, sockets = self.server, self.server._map
        server.trigger.pull_trigger(lambda: server.asyncore.close_all(sockets, ignore_all=True))
        self.thread.join(10)
        server.task_dispatcher.shutdown()


def ask(base: str, test: str = "") -> str:
    """Run the suite's client; return what it prints."""
    made = subprocess.run(
        ["node", "--no-warnings", str(engine() / "cli.mjs")], cwd=SUITE, capture_output=True, text=True, timeout=400,
        env=settings(0, os.devnull) | {"npm_config_base": base, "npm_config_id": test},
    )
    if made.returncode:
        raise RuntimeError(f"the suite's client failed; is `npm install` done in {SUITE}?\n{made.stderr[-2000:]}")
    return made.stdout


def results(app_of_proxy, test: str = ""):
    """Run the suite against ``app_of_proxy(proxy)``."""
    from proxy import Proxy

    install()
    with Origin() as origin, Server(app_of_proxy(Proxy("localhost", origin.port))) as server:
        said = ask(f"http://localhost:{server.port}", test)
        return said if test else json.loads(said)


def cache_layer(store=None):
    """Return the layer with the options that the expectation file lists."""
    from tropea.caching import HTTPCacheMiddleware

    expected = expectation()
    return HTTPCacheMiddleware.layer(store=store or "memory:", **expected["options"])


def expectation() -> dict:
    """Read what is expected of the edition that is run."""
    name = "expectation.json" if engine() == SUITE else "expectation-newer.json"
    return json.loads((HERE / name).read_text())


def score(found: dict, kinds: dict[str, str], kind: str) -> tuple[int, int, list[str]]:
    """Count what passed of one kind, and list what failed."""
    ids = [name for name, its in kinds.items() if its == kind]
    right = passed(found)
    failed = [name for name in ids if name not in right]
    return len(ids) - len(failed), len(ids), failed


def surprises(found: dict, kinds: dict[str, str]) -> set[str]:
    """Name the tests that came out otherwise than the expectation file says."""
    failed = {name for name, kind in kinds.items() if kind != "check"} - passed(found)
    return failed ^ expectation()["fails"].keys()


def results_with(store: str) -> dict:
    """Run the suite with a kind of store, or with the one at an address.

    The suite waits for seconds to pass, and takes a machine that is too slow for a cache that is
    wrong: what comes as a surprise is tried once more, and counts only if it comes again.
    """
    kinds = catalogue()
    found = _results_with(store)
    if surprising := surprises(found, kinds):
        again = _results_with(store)
        checks = {name for name, kind in kinds.items() if kind == "check"}  # others depend on them
        found |= {name: again.get(name) for name in surprising | checks}
    return found


def _results_with(store: str) -> dict:
    if store not in backends.KINDS:
        return results(cache_layer(store))
    with backends.address_of(store) as address:
        return results(cache_layer(address))


def bare_difference() -> set[str]:
    """Name the tests that the proxy alone passes and the origin alone does not, or the other way."""
    with Origin() as origin:
        direct = json.loads(ask(f"http://localhost:{origin.port}"))
    through = results(lambda app: app)
    rated = {name for name, kind in catalogue().items() if kind != "check"}
    return rated & (passed(direct) ^ passed(through))


def report(found: dict, kinds: dict[str, str]) -> None:
    """Print the scores, and why each test failed."""
    expected = expectation()
    for kind in ("required", "optimal"):
        passed, total, failed = score(found, kinds, kind)
        print(f"{kind}: {passed} of {total}")
        for name in failed:
            known = expected["fails"].get(name)
            print(f"  {name}: {found.get(name)}{'' if known is None else ' (expected: ' + known + ')'}")


def main() -> int:
    global SUITE
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--store", default="memory", help="a kind of store, or the address of one")
    parser.add_argument("--every-store", action="store_true", help="all stores that are found here")
    parser.add_argument("--bare", action="store_true", help="the proxy alone, beside the origin alone")
    parser.add_argument("--id", default="", help="one test, with what went over the wire")
    parser.add_argument("--suite", type=Path, default=SUITE, help="a folder with another edition")
    given = parser.parse_args()
    SUITE = given.suite.resolve()
    install()
    if not (engine() / "cli.mjs").is_file():
        parser.error(f"--suite: {SUITE} holds no edition of the suite")
    if given.id:
        print(results(cache_layer(None if given.store == "memory" else given.store), given.id))
        return 0
    if given.bare:
        different = bare_difference()
        print("the proxy alone scores as the origin alone" if not different else sorted(different))
        return int(bool(different))
    kinds, wrong = catalogue(), False
    for store in [k for k in backends.KINDS if backends.is_found(k)] if given.every_store else [given.store]:
        print(f"== {store}")
        found = results_with(store)
        report(found, kinds)
        wrong = wrong or bool(surprises(found, kinds))
    return int(wrong)


if __name__ == "__main__":
    raise SystemExit(main())
