"""A pool of which every connection was reset costs nobody an answer."""

import threading

import pytest

KEY = "cd" * 32


@pytest.mark.parametrize("clients", [1, 6])
def test_when_all_connections_are_reset_at_once_every_call_still_succeeds(
    redis_server, fault_proxy, clients
):
    from tropea.sessions import RedisStore
    from tropea.sessions.testing import in_threads

    proxy = fault_proxy(redis_server.port)
    store = RedisStore(f"redis://127.0.0.1:{proxy.port}/0", timeout=5)
    store.create(KEY, b"x", 60)
    meet = threading.Barrier(clients)

    def load(number):
        meet.wait()
        return store.load(KEY).data

    for _ in range(5):
        in_threads(clients, load)
        proxy.reset_all()
        assert store.load(KEY).data == b"x"
    store.close()
