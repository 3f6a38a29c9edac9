"""Redis Cluster, three masters and three replicas: sessions go on when a master dies."""

import signal
import threading
import time

import pytest

from tropea.core.stores import StoreDown, StoreError
from tropea.sessions import RedisStore, SessionMiddleware
from tropea.sessions.ids import new_id, storage_key

pytestmark = pytest.mark.slow


def wait(condition, seconds, what):
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, what
        time.sleep(0.1)


@pytest.fixture
def cluster(redis_program, servers_module):
    """A cluster of this test's own, to kill."""
    yield from make_cluster(redis_program, servers_module.RedisServer)


@pytest.fixture(scope="module")
def steady_cluster(redis_program, servers_module):
    """A cluster that tests leave as they found it."""
    yield from make_cluster(redis_program, servers_module.RedisServer)


def make_cluster(redis_program, make_server):
    import redis

    servers = [
        make_server(
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
            server.process.send_signal(signal.SIGCONT)
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


def test_every_operation_works_wherever_a_key_lives(steady_cluster):
    servers, _ = steady_cluster
    store = RedisStore(f"redis-cluster://127.0.0.1:{servers[0].port}")
    for _ in range(40):
        key = storage_key(new_id())
        version = store.create(key, b"x", 60)
        assert store.save(key, b"y", 60, version) == version + 1
        assert store.touch(key, 60)
        assert store.load(key).data == b"y"
        assert store.delete(key, version + 1)
    store.close()


def test_a_cluster_that_hangs_costs_one_timeout(steady_cluster):
    """Every node is there and answers nothing: none is asked after the other."""
    servers, _ = steady_cluster
    store = RedisStore(f"redis-cluster://127.0.0.1:{servers[0].port}", timeout=0.3, rest=30)
    keys = [storage_key(new_id()) for _ in range(12)]
    for key in keys:
        store.create(key, b"x", 60)
    for server in servers:
        server.process.send_signal(signal.SIGSTOP)  # for less than its peers wait for it
    began = time.monotonic()
    with pytest.raises(StoreError, match="cannot be reached") as first:
        store.load(keys[0])
    assert time.monotonic() - began < 1.5  # six nodes at 0.3 s would be more
    assert not isinstance(first.value, StoreDown)
    for key in keys:
        with pytest.raises(StoreDown):
            store.load(key)
    for server in servers:
        server.process.send_signal(signal.SIGCONT)
    store.close()


def test_a_client_that_finds_no_node_is_a_store_error(tools):
    pytest.importorskip("redis")
    store = RedisStore(f"redis-cluster://127.0.0.1:{tools.free_port()}", rest=0.0)
    for _ in range(3):
        with pytest.raises(StoreError, match="cannot be reached"):
            store.load(storage_key(new_id()))
    store.close()


def test_what_a_dying_master_takes_with_it_are_the_last_moments(cluster):
    """Writers go on while a master is killed; what was acknowledged and is lost is young.

    Redis acknowledges before its replicas have a write.  With a healthy link a write is on its
    way to them at once, so that only those of the last moments can be lost: here one second at
    most, a thousand times what the link needs.
    """
    servers, _ = cluster
    store = RedisStore(f"redis-cluster://127.0.0.1:{servers[1].port}", rest=0.02, timeout=2)
    keys = [storage_key(new_id()) for _ in range(24)]
    versions = {key: store.create(key, b"0", 600) for key in keys}
    acknowledged = {key: [(time.monotonic(), 0)] for key in keys}
    stop = threading.Event()

    def write(mine):
        number = 0
        while not stop.is_set():
            number += 1
            for key in mine:
                try:
                    done = store.save(key, b"%d" % number, 600, versions[key])
                    if done is None:  # an answer got lost, or the last moments did
                        entry = store.load(key)
                        versions[key] = entry.version if entry else None
                        if entry is None:
                            versions[key] = store.create(key, b"%d" % number, 600)
                    else:
                        versions[key] = done
                        acknowledged[key].append((time.monotonic(), number))
                except StoreError:
                    pass

    writers = [threading.Thread(target=write, args=(keys[n::4],)) for n in range(4)]
    for writer in writers:
        writer.start()
    wait(lambda: all(len(acknowledged[key]) > 20 for key in keys), 30, "nobody writes")
    servers[0].kill()  # at the height of it
    killed = time.monotonic()
    stop.set()
    for writer in writers:
        writer.join(30)
    lost = []

    def found(key):
        try:
            return store.load(key) or "nothing"
        except StoreError:
            return None

    wait(lambda: all(found(key) for key in keys), 30, "the cluster did not come back")
    for key in keys:
        entry = store.load(key)
        held = -1 if entry is None else int(entry.data)
        before = [(when, number) for when, number in acknowledged[key] if when < killed]
        lost += [killed - when for when, number in before if number > held]
    assert all(age < 1.0 for age in lost), sorted(lost)[-5:]
    store.close()
