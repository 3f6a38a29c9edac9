"""Redis Cluster, three masters and three replicas: sessions go on when a master dies."""

import time

import pytest

from tropea.sessions import RedisStore, SessionMiddleware
from tropea.sessions.ids import new_id, storage_key

pytestmark = pytest.mark.slow


def wait(condition, seconds, what):
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, what
        time.sleep(0.1)


@pytest.fixture
def cluster(redis_program, tools):
    import redis

    servers = [
        tools.RedisServer(
            redis_program, "--cluster-enabled", "yes", "--cluster-node-timeout", "1000",
            "--cluster-config-file", "nodes.conf", "--cluster-replica-validity-factor", "0",
            "--appendonly", "yes", bus=True,
        )
        for _ in range(6)
    ]  # fmt: skip
    clients = [redis.Redis(port=server.port, socket_timeout=2) for server in servers]
    try:
        for server in servers[1:]:
            clients[0].execute_command("CLUSTER", "MEET", "127.0.0.1", server.port, server.bus_port)
        for index, client in enumerate(clients[:3]):
            client.execute_command(
                "CLUSTER", "ADDSLOTSRANGE", index * 5462, min(index * 5462 + 5461, 16383)
            )
        ids = [client.execute_command("CLUSTER", "MYID").decode() for client in clients]
        wait(
            lambda: all(len(c.execute_command("CLUSTER NODES")) >= 6 for c in clients),
            20, "the nodes do not know each other",
        )  # fmt: skip
        for index, client in enumerate(clients[3:]):
            client.execute_command("CLUSTER", "REPLICATE", ids[index])
        wait(
            lambda: all(c.info("replication")["master_link_status"] == "up" for c in clients[3:]),
            30, "the replicas have no data",
        )  # fmt: skip
        wait(
            lambda: all(c.execute_command("CLUSTER INFO")["cluster_state"] == "ok" for c in clients),
            30, "the cluster is not ready",
        )  # fmt: skip
        yield servers, clients
    finally:
        for client in clients:
            client.close()
        for server in servers:
            server.stop()


def test_sessions_go_on_when_a_master_dies(cluster, tools):
    servers, clients = cluster
    store = RedisStore(f"redis-cluster://127.0.0.1:{servers[1].port}", rest=0.05)
    layer = SessionMiddleware(tools.site, store, auto_purge_every=0)
    browsers = [tools.Browser(layer) for _ in range(30)]
    for number, browser in enumerate(browsers):
        browser.get(f"/set?k={number}")
        browser.get(f"/login?u=user{number}")
    # A replica has what its master acknowledged once its offset is the master's.
    for master, replica in zip(clients[:3], clients[3:], strict=True):
        wait(
            lambda master=master, replica=replica: replica.info("replication")["slave_repl_offset"]
            >= master.info("replication")["master_repl_offset"],
            20, "the replica lags behind",
        )  # fmt: skip
    servers[0].kill()

    def all_back():
        answers = [browser.get("/get?k&user") for browser in browsers]
        assert {a.code for a in answers} <= {200, 503}  # closed, never somebody else's
        return all(a.code == 200 for a in answers)

    wait(all_back, 30, "the cluster did not come back")
    for number, browser in enumerate(browsers):
        assert browser.get("/get?k&user").text == f"{number},user{number}"
        browser.get("/set?k=after")
        assert browser.get("/get?k").text == "after"
    assert store.destroy("user:user7") == 1
    store.close()


def test_every_operation_works_wherever_a_key_lives(cluster):
    servers, _ = cluster
    store = RedisStore(f"redis-cluster://127.0.0.1:{servers[0].port}")
    for _ in range(40):
        key = storage_key(new_id())
        version = store.create(key, b"x", 60)
        assert store.save(key, b"y", 60, version) == version + 1
        assert store.touch(key, 60)
        assert store.load(key).data == b"y"
        assert store.delete(key, version + 1)
    store.close()
