"""An object cache in environ, on dogpile.cache: ``environ["tropea.cache"]``.

The names are those of Pylons: ``get_cache(name).get(key, createfunc=…, expiretime=…)``.  Values
are kept as JSON wherever they leave the process, so what is written into a store is data, never
code.  A back end that fails is skipped.

>>> def app(environ, start_response):
...     pages = environ["tropea.cache"].get_cache("pages")
...     text = pages.get("home", createfunc=lambda: "hello", expiretime=60)
...     start_response("200 OK", [("Content-Type", "text/plain")])
...     return [text.encode()]
>>> layer = CacheMiddleware(app)
>>> b"".join(layer({}, lambda status, headers, exc_info=None: None))
b'hello'
"""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from functools import update_wrapper
from inspect import iscoroutinefunction, isgeneratorfunction
from typing import Any, ClassVar, TypeVar
from wsgiref.types import StartResponse, WSGIEnvironment

from tropea.caching.errors import FingerprintError
from tropea.caching.fingerprints import fingerprint
from tropea.core.errors import OptionError
from tropea.core.keys import CACHE
from tropea.core.layer import Layer
from tropea.core.options import duration

F = TypeVar("F", bound=Callable[..., Any])

#: Back ends that keep Python objects in the process: nothing is serialized.
_IN_PROCESS = frozenset(("dogpile.cache.memory", "dogpile.cache.null"))
#: Back ends that hand text or bytes to a server as they get them.
_SERIALIZING = frozenset(
    ("dogpile.cache.redis", "dogpile.cache.redis_cluster", "dogpile.cache.redis_sentinel",
     "dogpile.cache.valkey", "dogpile.cache.valkey_cluster", "dogpile.cache.valkey_sentinel",
     "dogpile.cache.pymemcache", "dogpile.cache.dbm")
)  # fmt: skip

#: The argument without which a back end cannot be made.
_NEEDED = {"dogpile.cache.pymemcache": "url", "dogpile.cache.dbm": "filename"}


def _read_expire(text: str) -> float | None:
    return None if text.lower() == "none" else duration(text)


@dataclass(frozen=True)
class CacheOptions:
    """What the cache is kept in.

    backend: a name of dogpile.cache, such as ``dogpile.cache.redis``.
    arguments: of the back end; in an ini file a JSON object.
    expire: seconds after which a value is made anew; None for never.
    prefix: of every key, so that applications can share a server.
    environ_key: where the cache is found.
    """

    backend: str = "dogpile.cache.memory"
    arguments: Any = field(default=None, metadata={"read": json.loads, "expects": "a JSON object"})
    expire: float | None = field(
        default=3600.0, metadata={"read": _read_expire, "expects": "a time such as 5m, or none"}
    )
    prefix: str = "tropea"
    environ_key: str = CACHE

    def __post_init__(self) -> None:
        if self.arguments is not None and not isinstance(self.arguments, Mapping):
            raise OptionError(f"arguments: expected a mapping, got {self.arguments!r}")
        if self.expire is not None and self.expire < 0:
            raise OptionError(f"expire: expected 0 or more, or None for never, got {self.expire!r}")


class CacheMiddleware(Layer):
    """Put a CacheManager into environ; it is the same for every request."""

    Options: ClassVar[type] = CacheOptions
    provides: ClassVar[tuple[str, ...]] = (CACHE,)

    options: CacheOptions

    def prepare(self) -> None:
        self.caches = CacheManager(self.options)

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        environ[self.options.environ_key] = self.caches
        return self.call_app(environ, start_response)


class CacheManager:
    """Named regions of one back end."""

    def __init__(self, options: CacheOptions | None = None, **given: Any) -> None:
        self.options = options or CacheOptions(**given)
        check_backend(self.options.backend)
        needed = _NEEDED.get(self.options.backend)
        if needed and needed not in (self.options.arguments or {}):
            raise OptionError(f"arguments: {self.options.backend} needs {needed!r}")
        self._caches: dict[str, Cache] = {}
        self._lock = threading.Lock()

    def get_cache(self, name: str, *, expire: float | None = None) -> Cache:
        """Return the cache called *name*, the same one each time.

        expire: seconds, for the values of this cache; those of the layer when None.
        """
        with self._lock:
            cache = self._caches.get(name)
            if cache is None:
                cache = self._caches[name] = Cache(name, self._region(name, expire))
            return cache

    def _region(self, name: str, expire: float | None) -> Any:
        from tropea.caching.regions import region_in_process, region_of

        options = self.options
        make = region_in_process if options.backend in _IN_PROCESS else region_of
        expire = options.expire if expire is None else expire
        return make(options.backend, name, options.prefix, expire, options.arguments)

    def cached(
        self, name: str, *, expire: float | None = None, key: Callable[..., Any] | None = None
    ) -> Callable[[F], F]:
        """Decorate a function so that its results are kept in the cache called *name*.

        key: makes the key of the arguments; all of them count when None, ``self`` not excepted.
        expire: seconds.
        The function gets ``invalidate(*args, **kwargs)``, which forgets one result.
        Raises OptionError for a coroutine or generator function, whose result can be had once; a
        call raises FingerprintError where no key can be made of its arguments.

        >>> calls = []
        >>> @CacheManager().cached("squares")
        ... def square(n):
        ...     calls.append(n)
        ...     return n * n
        >>> square(3), square(3), calls
        (9, 9, [3])
        """

        def decorate(function: F) -> F:
            if iscoroutinefunction(function) or isgeneratorfunction(function):
                raise OptionError(f"cached: the result of {function!r} can be had only once")
            label = f"{function.__module__}.{function.__qualname__}"

            def key_of(args: Any, kwargs: Any) -> str:
                value = key(*args, **kwargs) if key else (args, kwargs)
                return _key_of(label, value)

            def kept(*args: Any, **kwargs: Any) -> Any:
                return self.get_cache(name).get(
                    key_of(args, kwargs), lambda: function(*args, **kwargs), expire
                )

            def invalidate(*args: Any, **kwargs: Any) -> None:
                self.get_cache(name).remove(key_of(args, kwargs))

            update_wrapper(kept, function)
            vars(kept)["invalidate"] = invalidate
            return kept  # type: ignore[return-value]  # the same signature, which mypy cannot see

        return decorate


def _key_of(label: str, value: Any) -> str:
    try:
        return f"{label} {fingerprint((value,))}"
    except FingerprintError as error:
        raise FingerprintError(
            f"cached: no key can be made of the arguments of {label}, give it one by key=: {error}"
        ) from None


class Cache:
    """One named cache, with the methods that Pylons users know."""

    def __init__(self, name: str, region: Any) -> None:
        self.name, self.region = name, region

    def get(
        self,
        key: str,
        createfunc: Callable[[], Any] | None = None,
        expiretime: float | None = None,
        default: Any = None,
    ) -> Any:
        """Return the value of *key*; make it by *createfunc* where there is none.

        Of many who ask at once, one makes the value; the others wait, or get the old one.

        expiretime: seconds after which the value is too old; those of the cache when None.
        default: returned where there is no value and nothing that makes one.
        """
        from dogpile.cache.api import NO_VALUE

        if createfunc is None:
            found = self.region.get(key, expiration_time=expiretime)
            return default if found is NO_VALUE else found
        return self.region.get_or_create(key, createfunc, expiration_time=expiretime)

    get_value = get

    def put(self, key: str, value: Any) -> None:
        """Keep *value* under *key*."""
        self.region.set(key, value)

    set_value = put

    def remove(self, key: str) -> None:
        """Forget *key*; what is absent can be removed."""
        self.region.delete(key)

    remove_value = remove

    def has_key(self, key: str) -> bool:
        """Tell whether a value that is not too old is kept under *key*."""
        from dogpile.cache.api import NO_VALUE

        return self.region.get(key) is not NO_VALUE

    __contains__ = has_key

    def clear(self) -> None:
        """Let this process forget every value; other processes go on with theirs."""
        self.region.invalidate()


def check_backend(name: str) -> None:
    """Raise OptionError for a back end that would pickle, or of which we cannot know."""
    if name not in _IN_PROCESS | _SERIALIZING:
        raise OptionError(
            f"backend: {name!r} pickles what it is given, or we cannot tell; choose one of "
            + ", ".join(sorted(_IN_PROCESS | _SERIALIZING))
        )
