"""PoorWSGI's session: a cookie by itself, to be used without the layer.

>>> session = PoorSession("a secret that nobody knows")
>>> session.data["name"] = "Ann"
>>> name, field = session.header()[0]
>>> again = PoorSession("a secret that nobody knows")
>>> again.load(field.partition(";")[0])
>>> again.data
{'name': 'Ann'}
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from typing import Any, Literal

from tropea.core.errors import OptionError
from tropea.core.fields import Fields
from tropea.sessions.chunks import VALUE_PATTERN, Chunked
from tropea.sessions.codecs import JSON, check_values
from tropea.sessions.cookies import CookieRules
from tropea.sessions.errors import RecordError, SealError
from tropea.sessions.ids import new_id
from tropea.sessions.payloads import pack, unpack
from tropea.sessions.records import Record
from tropea.sessions.stores.cookie import SealedCookieStore, Secrets
from tropea.sessions.timeouts import Timeouts


class PoorSession:
    """A dictionary in a sealed cookie.

    secret_key: one secret, or several with the one that writes first.
    expires: seconds since it was last written after which it is not accepted; 0 sets no limit.
    max_age: seconds that the browser keeps it; None until it is closed.
    path, domain, secure, same_site: of the cookie; PoorWSGI's ``same_site=False`` is Lax, which
        browsers take it for.  sid: its name.

    As every session in a cookie it cannot be taken back: ``destroy`` removes it from the browser,
    a copy goes on until it expires.
    """

    def __init__(
        self,
        secret_key: Secrets,
        *,
        expires: float = 0,
        max_age: float | None = None,
        domain: str | None = None,
        path: str = "/",
        secure: bool = False,
        same_site: Literal["Lax", "Strict", "None", False] = "Lax",
        sid: str = "SESSID",
        clock: Callable[[], float] = time.time,
    ) -> None:
        if expires < 0:
            raise OptionError(f"expires: expected 0 or more seconds, got {expires!r}")
        self.data: dict[str, Any] = {}
        self._store = SealedCookieStore(secret_key)
        self._clock, self._limits = clock, Timeouts(expires or None, None)
        rules = CookieRules(
            sid,
            path,
            domain or None,
            secure,
            samesite=same_site or "Lax",
            max_age=max_age,
            value=VALUE_PATTERN,
        )
        self._writer = Chunked(rules.writer("https" if secure else "http", ""))
        self._header, self._id, self._destroyed = "", "", False

    def load(self, source: Any = None) -> None:
        """Read the session of a request; a cookie that is not ours leaves ``data`` empty.

        source: a request, an environ, the text of a Cookie field, or a mapping of names to
        values; None takes the request that is being answered.
        """
        self._header = _cookie_header(source)
        self.data, self._id, self._destroyed = {}, "", False
        text = self._writer.find(self._header)
        if text is None:
            return
        try:
            origin = unpack(self._store.reveal(self._writer.name, text).payload)
            data = JSON.decode(origin.record.data)
        except (SealError, RecordError):
            return
        record = origin.record
        if not self._limits.is_over(record.created, record.saved, self._clock()):
            self.data, self._id = data, origin.id

    def write(self) -> str:
        """Return the cookie's value for what ``data`` holds now."""
        check_values(self.data)
        now, self._id = int(self._clock()), self._id or new_id()
        record = Record(JSON.encode(self.data), now, now, {})
        return self._store.protect(self._writer.name, pack(record, self._id, compress=True))

    def destroy(self) -> None:
        """Forget the data; ``header`` then removes the cookie."""
        self.data, self._destroyed = {}, True

    def header(self, response: Any = None) -> Fields:
        """Return the Set-Cookie fields, and add them to a response (or a list) in place."""
        if self._destroyed:
            fields = self._writer.clear_from(0, self._header) or self._writer.clear()
        else:
            fields = self._writer.set(self.write(), None)
            fields += self._writer.clear_from(len(fields), self._header)
        if response is not None:
            target = getattr(response, "headerlist", response)
            if hasattr(target, "add_header"):  # wsgiref.headers.Headers
                for name, value in fields:
                    target.add_header(name, value)
            else:
                target.extend(fields)
        return fields


def _cookie_header(source: Any) -> str:
    if source is None:
        from tropea.core.context import ENVIRON

        source = ENVIRON.get() or {}
    if isinstance(source, str):
        return source
    environ = getattr(source, "environ", source)
    if not isinstance(environ, Mapping):
        raise TypeError(f"expected a request, an environ or a Cookie field, got {source!r}")
    if "HTTP_COOKIE" in environ:
        return str(environ["HTTP_COOKIE"])
    if "REQUEST_METHOD" in environ or "wsgi.version" in environ:
        return ""
    return "; ".join(f"{name}={getattr(v, 'value', v)}" for name, v in environ.items())
