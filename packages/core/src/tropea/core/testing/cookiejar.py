"""A browser's cookies, as far as tests need them.

Source: RFC 6265 section 5.
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from tropea.core.cookies import decode_value
from tropea.core.dates import parse_date
from tropea.core.fields import get_all

_WHOLE = re.compile(r"-?[0-9]{1,18}").fullmatch


@dataclass(frozen=True)
class Kept:
    """A cookie in the jar; value is what was sent, before any decoding."""

    name: str
    value: str
    path: str = "/"
    domain: str = ""
    secure: bool = False
    http_only: bool = False
    expires: float | None = None
    #: The host that set it, where it is for no other; empty for any.
    host: str = ""


class CookieJar(Mapping[str, str]):
    """The cookies that a client holds: a mapping of names to decoded values.

    >>> jar = CookieJar()
    >>> jar.store([("Set-Cookie", "id=7;Path=/")], {}); jar["id"]
    '7'
    """

    def __init__(self, *, clock: Callable[[], float] = time.time) -> None:
        self._kept: dict[tuple[str, str, str], Kept] = {}
        self._clock = clock

    def set(self, name: str, value: str, path: str = "/", domain: str = "") -> None:
        """Put a cookie into the jar by hand."""
        self._kept[name, path, domain] = Kept(name, value, path, domain)

    def clear(self) -> None:
        """Forget every cookie."""
        self._kept.clear()

    def store(self, headers: Iterable[tuple[str, str]], environ: Mapping[str, Any]) -> None:
        """Keep what a response sets, and forget what it expires."""
        for field in get_all(list(headers), "Set-Cookie"):
            cookie = self._read(field, _path_of(environ), _host_of(environ))
            key = (cookie.name, cookie.path, cookie.domain)
            if cookie.expires is not None and cookie.expires <= self._clock():
                self._kept.pop(key, None)
            else:
                self._kept[key] = cookie

    def _read(self, field: str, path: str, host: str) -> Kept:
        pair, *rest = field.split(";")
        name, _, value = pair.partition("=")
        attributes = {}
        for attribute in rest:
            key, _, text = attribute.partition("=")
            attributes[key.strip().lower()] = text.strip()
        expires: float | None = parse_date(attributes.get("expires"))
        if _WHOLE(attributes.get("max-age", "")):  # else it is ignored (section 5.2.2)
            seconds = int(attributes["max-age"])
            expires = self._clock() + seconds if seconds > 0 else 0
        domain = attributes.get("domain", "").lstrip(".").lower()
        default = path.rpartition("/")[0] or "/"
        return Kept(
            name.strip(),
            value.strip(),
            attributes.get("path") or default,
            domain,
            "secure" in attributes,
            "httponly" in attributes,
            expires,
            "" if domain else host,
        )

    def header(self, environ: Mapping[str, Any]) -> str:
        """Return the Cookie field of a request; empty where no cookie belongs to it."""
        path, host = _path_of(environ), _host_of(environ)
        secure = environ.get("wsgi.url_scheme") == "https"
        now = self._clock()
        sent = [
            kept
            for kept in self._kept.values()
            if kept.host in {"", host}
            and (not kept.domain or host == kept.domain or host.endswith("." + kept.domain))
            and (path == kept.path or path.startswith(kept.path.rstrip("/") + "/"))
            and (secure or not kept.secure)
            and (kept.expires is None or kept.expires > now)
        ]
        sent.sort(key=lambda kept: -len(kept.path))  # longer paths first (section 5.4)
        return "; ".join(f"{kept.name}={kept.value}" for kept in sent)

    def cookie(self, name: str) -> Kept:
        """Return a cookie with its attributes; raise KeyError where there is none."""
        for kept in self._kept.values():
            if kept.name == name:
                return kept
        raise KeyError(name)

    def __getitem__(self, name: str) -> str:
        return decode_value(self.cookie(name).value)

    def __iter__(self) -> Iterator[str]:
        return iter(dict.fromkeys(kept.name for kept in self._kept.values()))

    def __len__(self) -> int:
        return len({kept.name for kept in self._kept.values()})


def _path_of(environ: Mapping[str, Any]) -> str:
    return environ.get("SCRIPT_NAME", "") + environ.get("PATH_INFO", "") or "/"


def _host_of(environ: Mapping[str, Any]) -> str:
    host: str = environ.get("HTTP_HOST") or environ.get("SERVER_NAME", "")
    return host.partition(":")[0].lower()
