"""Every store does what the session layer relies on."""

import pytest

from tropea.sessions import FileStore, MemoryStore, SQLiteStore
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
