"""Take over, once each, the sessions that another library kept.

The first request of a client who holds the other library's cookie finds its data in a new session
of ours, under a new id; the old entry is removed when the new one is durable.  Only JSON and
msgpack are read.  Pickles can run code when they are read: convert them offline, with
``python -m tropea.sessions import-pickles``.
"""

from __future__ import annotations

import json
import logging
import re
from collections.abc import Callable
from hashlib import sha1
from hmac import compare_digest, digest
from pathlib import Path
from typing import Any, Protocol

from tropea.core.stores import StoreError
from tropea.sessions.codecs import check_values
from tropea.sessions.errors import SessionValueError

log = logging.getLogger("tropea.sessions")

_ID = re.compile(r"[A-Za-z0-9_\-]{16,128}").fullmatch


class Source(Protocol):
    """What an importer reads from; a Redis client is one."""

    def get(self, name: str, /) -> Any:
        """Return bytes, or None."""

    def delete(self, name: str, /) -> Any:
        """Remove an entry."""


class Folder:
    """A folder of files, one an entry, as ``import-pickles`` writes it."""

    def __init__(self, path: str | Path) -> None:
        self.path = Path(path)

    def get(self, name: str, /) -> bytes | None:
        try:
            return (self.path / f"{name}.json").read_bytes()
        except OSError:
            return None

    def delete(self, name: str, /) -> None:
        (self.path / f"{name}.json").unlink(missing_ok=True)


class Importer:
    """Read another library's entry for the id in its cookie.

    source: where its entries are.  cookie: its cookie's name.  prefix: of its keys.
    decode: bytes to a dict; ValueError for what cannot be read.
    verify: the cookie's value to an id; None for what is not signed as it should be.
    """

    def __init__(
        self,
        source: Source,
        *,
        cookie: str,
        prefix: str = "",
        decode: Callable[[bytes], Any] = json.loads,
        verify: Callable[[str], str | None] = str,
    ) -> None:
        self.source, self.prefix, self._decode, self._verify = source, prefix, decode, verify
        pattern = rf'(?:^|;)[ \t]*{re.escape(cookie)}="?([A-Za-z0-9_\-.]{{1,512}})"?[ \t]*(?=;|\Z)'
        self._search = re.compile(pattern).search

    def load(self, header: str) -> dict[str, Any] | None:
        """Return the data of the session that a Cookie field names; None without any."""
        key = self._key(header)
        raw = None if key is None else self._ask(lambda: self.source.get(key))
        if raw is None:
            return None
        try:
            data = self._decode(raw)
        except Exception as error:  # whatever the decoder's own errors are
            log.warning("a session to take over cannot be read: %s", type(error).__name__)
            return None
        if not isinstance(data, dict):
            return None
        held = {str(k): v for k, v in data.items() if not str(k).startswith("_")}
        return {k: v for k, v in held.items() if _can_be_kept(k, v)}

    def forget(self, header: str) -> None:
        """Remove the entry that has been taken over."""
        key = self._key(header)
        if key is not None:
            self._ask(lambda: self.source.delete(key))

    def end(self, header: str) -> None:
        """Remove the entry of a session that has ended; raise StoreError where it may be left."""
        key = self._key(header)
        if key is None:
            return
        try:
            self.source.delete(key)
        except Exception as error:  # whatever the old store's own errors are
            raise StoreError(f"a session to take over cannot be ended: {error}") from error

    def _key(self, header: str) -> str | None:
        match = self._search(header)
        session_id = None if match is None else self._verify(match[1])
        if session_id is None or _ID(session_id) is None:
            return None
        return self.prefix + session_id

    def _ask(self, question: Callable[[], Any]) -> Any:
        try:
            return question()
        except Exception as error:  # the old store may be gone: nobody loses a request to that
            log.warning("the store to take sessions over from failed: %s", type(error).__name__)
            return None


def _can_be_kept(key: str, value: Any) -> bool:
    try:
        check_values({key: value})
    except SessionValueError as error:
        log.warning("a session is taken over without a part of it: %s", error)
        return False
    return True


def from_flask_session(
    source: Source, *, cookie: str = "session", prefix: str = "session:", format: str = "msgpack"
) -> Importer:
    """Take over what Flask-Session kept in Redis (or any source of bytes by key).

    format: ``msgpack``, its default, or ``json``, as SESSION_SERIALIZATION_FORMAT says.
    """
    return Importer(source, cookie=cookie, prefix=prefix, decode=_decoder(format))


def from_beaker(
    folder: str | Path, *, cookie: str = "beaker.session.id", secret: str | None = None
) -> Importer:
    """Take over Beaker's sessions from a folder that ``import-pickles`` wrote.

    secret: Beaker's ``session.secret``, where it was set: its cookies are signed then.
    """

    def verify(value: str) -> str | None:
        if secret is None:
            return value
        signature, session_id = value[:40], value[40:]
        expected = digest(secret.encode(), session_id.encode(), sha1).hex()
        return session_id if compare_digest(signature.encode(), expected.encode()) else None

    return Importer(Folder(folder), cookie=cookie, verify=verify)


def _decoder(format: str) -> Callable[[bytes], Any]:
    if format == "json":
        return json.loads
    if format != "msgpack":
        raise ValueError(f"format: expected 'msgpack' or 'json', got {format!r}")
    try:
        from msgspec.msgpack import Decoder
    except ImportError:
        from msgpack import unpackb

        unpack: Callable[[bytes], Any] = unpackb
        return unpack
    return Decoder().decode
