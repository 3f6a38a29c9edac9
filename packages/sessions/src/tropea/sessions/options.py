"""The options of the session layer, shared by keyword arguments and ini files."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from math import inf
from typing import Any, Literal

from tropea.core.errors import OptionError
from tropea.core.keys import SESSION
from tropea.core.options import duration
from tropea.sessions.addresses import open_store
from tropea.sessions.cookies import CookieRules
from tropea.sessions.stores.cookie import CookieStore
from tropea.sessions.stores.protocol import Store


def _limit(text: str) -> float | None:
    return None if text.lower() in {"", "none", "never"} else duration(text)


def _secure(text: str) -> bool | str:
    known: dict[str, bool | str] = {
        "auto": "auto",
        "true": True,
        "yes": True,
        "on": True,
        "1": True,
    }
    known.update(dict.fromkeys(("false", "no", "off", "0"), False))
    return known[text.lower()]


def _seconds(default: float | None) -> Any:
    expects = "a time such as 90, 30m or 12h, or none"
    return field(default=default, metadata={"read": _limit, "expects": expects})


@dataclass(frozen=True)
class SessionOptions:
    """How sessions are kept.

    store: a store, or its address: ``memory:``, ``file:///…``, ``sqlite:///…``, ``redis://…``,
        ``memcached://…``, ``postgresql+psycopg://…``.
    idle_timeout, absolute_timeout: seconds since last use, and since the beginning, after which
        a session is over; None sets no limit.
    touch_every: seconds between two writes of "it was used"; None takes a thirtieth of
        idle_timeout, a minute at most.
    name, path, domain, secure, httponly, samesite, partitioned, max_age: of the cookie, see
        ``CookieRules``.
    rolling: send the cookie again when the session is used, so that max_age starts anew.
    persist: ``querystring`` puts the id into the address, where logs, histories and other sites
        see it: for clients without cookies, and at their risk.
    auto_purge_every: seconds between two removals of expired sessions; 0 leaves that to
        ``python -m tropea.sessions purge``.
    auto_purge_olderthan: Pesto's name for idle_timeout.
    on_store_error: ``503`` answers so, ``anonymous`` goes on with an empty session that is not
        kept, ``raise`` lets the application see the StoreError.
    on_conflict: called with the session and the keys that two requests changed at once.
    codec: ``auto`` takes msgspec where it is installed.
    importer: reads sessions of another library once, see ``tropea.sessions.importing``.
    environ_key: where the session is put, for a stack that holds two.
    clock: seconds since the epoch, for tests.
    """

    store: Any = field(metadata={"read": open_store, "expects": "a store or its address"})
    idle_timeout: float | None = _seconds(1800)
    absolute_timeout: float | None = _seconds(43200)
    touch_every: float | None = _seconds(None)
    name: str | None = None
    path: str | None = None
    domain: str | None = None
    secure: bool | Literal["auto"] = field(
        default="auto", metadata={"read": _secure, "expects": "auto, true or false"}
    )
    httponly: bool = True
    samesite: Literal["Lax", "Strict", "None"] = "Lax"
    partitioned: bool = False
    max_age: float | None = _seconds(None)
    rolling: bool = False
    persist: Literal["cookie", "querystring"] = "cookie"
    auto_purge_every: float | None = _seconds(600)
    auto_purge_olderthan: float | None = _seconds(None)
    on_store_error: Literal["503", "anonymous", "raise"] = "503"
    on_conflict: Callable[..., object] | None = None
    codec: Literal["auto", "json", "msgspec"] = "auto"
    importer: Any = None
    environ_key: str = SESSION
    clock: Callable[[], float] = time.time

    def __post_init__(self) -> None:
        if self.auto_purge_olderthan is not None:
            object.__setattr__(self, "idle_timeout", self.auto_purge_olderthan)
        for name in ("idle_timeout", "absolute_timeout", "max_age"):
            value = getattr(self, name)
            if value is not None and not 0 < value < inf:  # nan is neither
                raise OptionError(f"{name}: expected more than 0 seconds, got {value!r}")
        for name in ("touch_every", "auto_purge_every"):
            value = getattr(self, name)
            if value is not None and not 0 <= value < inf:
                raise OptionError(f"{name}: expected 0 or more seconds, got {value!r}")
        for name in ("clock", "on_conflict"):
            value = getattr(self, name)
            if value is not None and not callable(value):
                raise OptionError(f"{name}: expected a function, got {value!r}")
        if self.importer is not None and not callable(getattr(self.importer, "load", None)):
            raise OptionError(f"importer: expected an Importer, got {self.importer!r}")
        if not isinstance(self.store, (Store, CookieStore)):
            raise OptionError(f"store: expected a store or its address, got {self.store!r}")
        if self.persist == "querystring" and isinstance(self.store, CookieStore):
            raise OptionError("persist: a session in a cookie cannot be named by an address")
        self.cookie_rules()

    def cookie_rules(self) -> CookieRules:
        """Return what the options say about the cookie; raise OptionError where browsers refuse."""
        return CookieRules(
            self.name,
            self.path,
            self.domain,
            self.secure,
            self.httponly,
            self.samesite,
            self.partitioned,
            self.max_age,
        )
