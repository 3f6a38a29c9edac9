"""Open a store by its address, such as ``sqlite:///var/sessions.db``."""

from __future__ import annotations

import re
from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from typing import Any

from tropea.core.errors import OptionError
from tropea.core.readers import load_object
from tropea.core.stores import StoreURL, parse_store_url

_ADDRESS = re.compile(r"[A-Za-z][A-Za-z0-9+.\-]*:(?:\Z|//|\?)").match


def open_store(text: str) -> Any:
    """Return the store at an address; ``pkg.mod:name`` names a store object.

    Raises OptionError for an address of no kind that is known.

    >>> type(open_store("memory:")).__name__
    'MemoryStore'
    """
    url = parse_store_url(text) if _ADDRESS(text) else None
    if url is None or "." in url.scheme:
        return load_object(text)
    kind = url.scheme.partition("+")[0]
    opener = _OPENERS.get(kind)
    if opener is None:
        raise OptionError(f"no store has the address {url!r}; known are {', '.join(_OPENERS)}")
    return opener(url)


def _class(module: str, name: str) -> Any:
    return getattr(import_module(f"tropea.sessions.stores.{module}"), name)


def _memory(url: StoreURL) -> Any:
    size = url.options.get("cache_size")
    arguments = {} if size is None else {"cache_size": int(size)}
    return _class("memory", "MemoryStore")(**arguments)


def _file(url: StoreURL) -> Any:
    return _class("files", "FileStore")(_absolute(url))


def _sqlite(url: StoreURL) -> Any:
    return _class("sqlite", "SQLiteStore")(url.path)


def _dbm(url: StoreURL) -> Any:
    return _class("dbm", "DBMStore")(url.path)


def _redis(url: StoreURL) -> Any:
    return _class("redis", "RedisStore")(url.text)


def _memcached(url: StoreURL) -> Any:
    return _class("memcached", "MemcachedStore")(f"{url.host or '127.0.0.1'}:{url.port or 11211}")


def _sql(url: StoreURL) -> Any:
    return _class("sql", "SQLStore")(url.text)


def _sealed(url: StoreURL) -> Any:
    return _class("cookie", "SealedCookieStore")(_secrets(url))


def _signed(url: StoreURL) -> Any:
    return _class("cookie", "SignedCookieStore")(_secrets(url))


def _secrets(url: StoreURL) -> list[str]:
    """Read the secrets, one a line, from the file that an address names."""
    path = url.options.get("secrets")
    if not path:
        raise OptionError(f"{url.scheme}: expected '{url.scheme}:?secrets=FILE', one secret a line")
    try:
        return Path(path).read_text(encoding="utf-8").split()
    except OSError as error:
        raise OptionError(f"{url.scheme}: cannot read {path}: {error.strerror}") from None


def _absolute(url: StoreURL) -> str:
    # RFC 8089: the path of file:///var/x is /var/x; with one more slash it is the same.
    return "/" + url.path.lstrip("/")


_OPENERS: dict[str, Callable[[StoreURL], Any]] = {
    "memory": _memory,
    "file": _file,
    "sqlite": _sqlite,
    "dbm": _dbm,
    **dict.fromkeys(("redis", "rediss", "unix", "redis-cluster", "redis-sentinel"), _redis),
    "memcached": _memcached,
    "sealed": _sealed,
    "signed": _signed,
    **dict.fromkeys(("postgresql", "mysql", "mariadb", "oracle", "mssql"), _sql),
}
