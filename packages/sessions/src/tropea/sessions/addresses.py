"""Open a store by its address, such as ``sqlite:///var/sessions.db``."""

from __future__ import annotations

import re
from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

from tropea.core.errors import OptionError
from tropea.core.readers import Reader, duration, load_object, reader_for
from tropea.core.stores import StoreURL, parse_store_url

_TEXT, _WHOLE, _TRUTH = reader_for(str), reader_for(int), reader_for(bool)
_TIME = Reader(duration, "a time such as 500ms or 2", lambda _value: False)
_ADDRESS = re.compile(r"[A-Za-z][A-Za-z0-9+.\-]*:(?:\Z|//|\?)").match


def open_store(text: str) -> Any:
    """Return the store at an address; ``pkg.mod:name`` names a store object.

    The store's own options stand in the query: ``redis://cache/0?timeout=200ms&prefix=shop:``.

    Raises OptionError for an address of no kind that is known, and for a wrong option.

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


def _options(url: StoreURL, **readers: Reader) -> dict[str, Any]:
    """Read the options in an address's query that the store itself takes."""
    read = {}
    for name, reader in readers.items():
        text = url.options.get(name)
        if text is not None:
            try:
                read[name] = reader.read(text)
            except (ValueError, KeyError):
                raise OptionError(
                    f"{url.scheme}: {name}: expected {reader.expects}, got {text!r}"
                ) from None
    return read


def _only(url: StoreURL, **readers: Reader) -> dict[str, Any]:
    """Read the options of a store that takes no others; raise OptionError for any other."""
    for name in url.options:
        if name not in readers:
            known = ", ".join(readers) or "none"
            raise OptionError(f"{url.scheme}: has no option {name!r} (there are: {known})")
    return _options(url, **readers)


def _for_the_client(url: StoreURL, own: dict[str, Any]) -> str:
    """Return the address with the options that its client library reads, and without ours."""
    text, _, _ = url.text.partition("?")
    rest = {name: value for name, value in url.options.items() if name not in own}
    return f"{text}?{urlencode(rest)}" if rest else text


def _memory(url: StoreURL) -> Any:
    return _class("memory", "MemoryStore")(**_only(url, cache_size=_WHOLE))


def _file(url: StoreURL) -> Any:
    options = _only(url, sync=_TRUTH, timeout=_TIME)
    return _class("files", "FileStore")(_absolute(url), **options)


def _sqlite(url: StoreURL) -> Any:
    return _class("sqlite", "SQLiteStore")(url.path, **_only(url, timeout=_TIME))


def _dbm(url: StoreURL) -> Any:
    return _class("dbm", "DBMStore")(url.path, **_only(url, kind=_TEXT, timeout=_TIME))


def _redis(url: StoreURL) -> Any:
    own = _options(url, prefix=_TEXT, timeout=_TIME, rest=_TIME)
    return _class("redis", "RedisStore")(_for_the_client(url, own), **own)


def _memcached(url: StoreURL) -> Any:
    own = _only(url, prefix=_TEXT, timeout=_TIME, rest=_TIME)
    address = f"{url.host or '127.0.0.1'}:{url.port or 11211}"
    return _class("memcached", "MemcachedStore")(address, **own)


def _sql(url: StoreURL) -> Any:
    own = _options(url, table=_TEXT, timeout=_TIME, rest=_TIME)
    return _class("sql", "SQLStore")(_for_the_client(url, own), **own)


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
