"""Sessions: nothing lost, nothing revived, nothing adopted.

>>> from tropea.sessions import MemoryStore, session_middleware
>>> def app(environ, start_response):
...     environ["tropea.session"]["visits"] = 1
...     start_response("200 OK", [("Content-Type", "text/plain")])
...     return [b"welcome"]
>>> app = session_middleware(MemoryStore())(app)

Names are imported when they are first asked for: a store's client library is loaded by those who
use that store.
"""

from __future__ import annotations

from tropea.core.exporting import exports

#: Public name -> the module that has it, and its name there.
_EXPORTS = {
    "BeakerBridge": ("bridges", "BeakerBridge"),
    "CSRFMiddleware": ("csrf", "CSRFMiddleware"),
    "DBMSessionManager": ("stores.dbm", "DBMStore"),
    "DBMStore": ("stores.dbm", "DBMStore"),
    "FileSessionManager": ("stores.files", "FileStore"),
    "FileStore": ("stores.files", "FileStore"),
    "KeyRing": ("keyrings", "KeyRing"),
    "MemorySessionManager": ("stores.memory", "MemoryStore"),
    "MemoryStore": ("stores.memory", "MemoryStore"),
    "MemcachedStore": ("stores.memcached", "MemcachedStore"),
    "PoorSession": ("poor", "PoorSession"),
    "RDBMSSessionManager": ("stores.sql", "SQLStore"),
    "RedisStore": ("stores.redis", "RedisStore"),
    "SQLStore": ("stores.sql", "SQLStore"),
    "SQLiteStore": ("stores.sqlite", "SQLiteStore"),
    "SealedCookieStore": ("stores.cookie", "SealedCookieStore"),
    "Session": ("mapping", "Session"),
    "SessionCommitted": ("errors", "SessionCommitted"),
    "SessionError": ("errors", "SessionError"),
    "SessionLocked": ("errors", "SessionLocked"),
    "SessionMiddleware": ("middleware", "SessionMiddleware"),
    "SessionOptions": ("options", "SessionOptions"),
    "SessionTooLarge": ("errors", "SessionTooLarge"),
    "SessionValueError": ("errors", "SessionValueError"),
    "SignedCookieStore": ("stores.cookie", "SignedCookieStore"),
    "from_beaker": ("importing", "from_beaker"),
    "from_flask_session": ("importing", "from_flask_session"),
    "is_valid_id": ("ids", "is_valid_id"),
    "session_middleware": ("middleware", "session_middleware"),
}

__all__ = sorted(_EXPORTS)  # noqa: PLE0605  one table serves both
__getattr__, __dir__ = exports(globals(), _EXPORTS)
