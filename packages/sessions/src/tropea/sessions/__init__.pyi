# Written by tools/stubs.py from _EXPORTS in __init__.py.
from tropea.sessions.bridges import BeakerBridge
from tropea.sessions.csrf import CSRFMiddleware
from tropea.sessions.errors import SessionCommitted
from tropea.sessions.errors import SessionError
from tropea.sessions.errors import SessionLocked
from tropea.sessions.errors import SessionTooLarge
from tropea.sessions.errors import SessionValueError
from tropea.sessions.ids import is_valid_id
from tropea.sessions.importing import from_beaker
from tropea.sessions.importing import from_flask_session
from tropea.sessions.keyrings import KeyRing
from tropea.sessions.mapping import Session
from tropea.sessions.middleware import SessionMiddleware
from tropea.sessions.middleware import session_middleware
from tropea.sessions.options import SessionOptions
from tropea.sessions.poor import PoorSession
from tropea.sessions.stores.cookie import SealedCookieStore
from tropea.sessions.stores.cookie import SignedCookieStore
from tropea.sessions.stores.dbm import DBMStore
from tropea.sessions.stores.dbm import DBMStore as DBMSessionManager
from tropea.sessions.stores.files import FileStore
from tropea.sessions.stores.files import FileStore as FileSessionManager
from tropea.sessions.stores.memcached import MemcachedStore
from tropea.sessions.stores.memory import MemoryStore
from tropea.sessions.stores.memory import MemoryStore as MemorySessionManager
from tropea.sessions.stores.redis import RedisStore
from tropea.sessions.stores.sql import SQLStore
from tropea.sessions.stores.sql import SQLStore as RDBMSSessionManager
from tropea.sessions.stores.sqlite import SQLiteStore

__all__ = [
    "BeakerBridge",
    "CSRFMiddleware",
    "DBMSessionManager",
    "DBMStore",
    "FileSessionManager",
    "FileStore",
    "KeyRing",
    "MemcachedStore",
    "MemorySessionManager",
    "MemoryStore",
    "PoorSession",
    "RDBMSSessionManager",
    "RedisStore",
    "SQLStore",
    "SQLiteStore",
    "SealedCookieStore",
    "Session",
    "SessionCommitted",
    "SessionError",
    "SessionLocked",
    "SessionMiddleware",
    "SessionOptions",
    "SessionTooLarge",
    "SessionValueError",
    "SignedCookieStore",
    "from_beaker",
    "from_flask_session",
    "is_valid_id",
    "session_middleware",
]
