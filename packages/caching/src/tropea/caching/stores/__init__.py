"""Where stored responses live: memory, files, SQLite, Redis or Valkey, memcached."""

from __future__ import annotations

from tropea.caching.stores.base import CacheStore, KeptStore, SharedStore, Writer
from tropea.caching.stores.opening import open_store

__all__ = ["CacheStore", "KeptStore", "SharedStore", "Writer", "open_store"]
