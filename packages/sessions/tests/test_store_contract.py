"""Every store does what the session layer relies on."""

import pytest

from tropea.sessions import (
    DBMStore,
    FileStore,
    MemcachedStore,
    MemoryStore,
    RedisStore,
    SQLiteStore,
    SQLStore,
)
from tropea.sessions.testing import StoreContract


class TestMemoryStore(StoreContract):
    def make_store(self, clock):
        return MemoryStore(clock=clock)


class TestFileStore(StoreContract):
    @pytest.fixture(autouse=True)
    def _folder(self, tmp_path):
        self.folder = tmp_path

    def make_store(self, clock):
        return FileStore(self.folder, clock=clock)


class TestSQLiteStore(StoreContract):
    @pytest.fixture(autouse=True)
    def _folder(self, tmp_path):
        self.path = tmp_path / "sessions.db"

    def make_store(self, clock):
        return SQLiteStore(self.path, clock=clock)


class TestDBMStore(StoreContract):
    @pytest.fixture(autouse=True)
    def _folder(self, tmp_path, dbm_kind):
        self.path = tmp_path / "sessions.dbm"

    def make_store(self, clock):
        return DBMStore(self.path, clock=clock)


class TestRedisStore(StoreContract):
    own_clock = False

    @pytest.fixture(autouse=True)
    def _server(self, redis_url):
        self.url, self.made = redis_url, []
        yield
        for store in self.made:
            store.close()

    def make_store(self, clock):
        self.made.append(RedisStore(self.url, timeout=10))
        return self.made[-1]


class TestMemcachedStore(StoreContract):
    own_clock = False
    shortest_ttl = 1.0

    @pytest.fixture(autouse=True)
    def _server(self, memcached_address):
        self.address, self.made = memcached_address, []
        yield
        for store in self.made:
            store.close()

    def make_store(self, clock):
        self.made.append(MemcachedStore(self.address, timeout=10))
        return self.made[-1]


class TestSQLStoreOnSQLite(StoreContract):
    @pytest.fixture(autouse=True)
    def _folder(self, tmp_path):
        pytest.importorskip("sqlalchemy")
        self.url, self.made = f"sqlite:///{tmp_path}/sessions.db", []
        yield
        for store in self.made:
            store.close()

    def make_store(self, clock):
        self.made.append(SQLStore(self.url, clock=clock))
        return self.made[-1]


class TestSQLStoreOnPostgreSQL(StoreContract):
    @pytest.fixture(autouse=True)
    def _server(self, postgresql_url):
        self.url, self.made = postgresql_url, []
        yield
        for store in self.made:
            store.close()

    def make_store(self, clock):
        self.made.append(SQLStore(self.url, clock=clock, timeout=10))
        return self.made[-1]
