"""Basic authentication: a name and a password with every request, so only under https.

Source: RFC 7617.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from hashlib import blake2b
from pathlib import Path
from typing import Any, ClassVar
from wsgiref.types import StartResponse, WSGIEnvironment

from repoze.lru import ExpiringLRUCache

from tropea.auth.authorization import LONGEST, basic_credentials, parse_authorization
from tropea.auth.digestauth import check_realm
from tropea.auth.guarding import (
    forget_user,
    refuse,
    set_user,
    tell_failed,
    too_many,
    with_challenge,
)
from tropea.auth.verifiers import Htpasswd
from tropea.core.errors import OptionError
from tropea.core.fields import Fields
from tropea.core.layer import Layer
from tropea.core.readers import load_object


def _read_verifier(text: str) -> Any:
    """Read an ini's verifier: ``package.module:name``, or the file of an ``htpasswd``."""
    return load_object(text) if ":" in text and not Path(text).exists() else Htpasswd(text)


@dataclass(frozen=True)
class BasicOptions:
    """The options of BasicAuthMiddleware.

    realm: shown to people by their browser.
    verify: called with ``(user, password)``; returns who that is (True for just the name) or
        None.  A path stands for the file of an ``htpasswd``.
    cache_seconds: verified credentials are taken without verifying them again; 0 for never.
    cache_size: credentials so remembered.
    required: refuse requests without good credentials; where it is off, the application decides.
    rate: called with ``(environ, user)``; the seconds that it returns are answered with 429.
    """

    realm: str
    verify: Callable[..., Any] | str | Path
    cache_seconds: int = 60
    cache_size: int = 1000
    required: bool = True
    rate: Callable[..., Any] | None = None

    def __post_init__(self) -> None:
        check_realm(self.realm)


class BasicAuthMiddleware(Layer):
    """Let requests through whose name and password a verifier knows.

    Good credentials are remembered for a minute under a keyed hash, because a verifier that is
    slow on purpose (bcrypt, argon2) would otherwise run with every request.

    >>> app = BasicAuthMiddleware(None, "Kitchen", lambda user, password: password == "secret")
    >>> body = app({"REQUEST_METHOD": "HEAD"}, lambda status, fields: print(status, fields[-1]))
    401 Unauthorized ('WWW-Authenticate', 'Basic realm="Kitchen", charset="UTF-8"')
    """

    Options: ClassVar[type] = BasicOptions
    kind = "auth"
    provides = ("tropea.user",)
    inside = ("errors", "static", "http-cache", "session")
    options: BasicOptions

    def prepare(self) -> None:
        given = self.options.verify
        self.verify = given if callable(given) else _read_verifier(str(given))
        if not callable(self.verify):
            raise OptionError(f"{type(self).__name__}: verify: {given!r} is not callable")
        seconds = self.options.cache_seconds
        self._known = ExpiringLRUCache(self.options.cache_size, seconds) if seconds > 0 else None
        self._hasher = blake2b(key=secrets.token_bytes(32), digest_size=16)
        self._challenge: Fields = [
            ("WWW-Authenticate", f'Basic realm="{self.options.realm}", charset="UTF-8"')
        ]

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        forget_user(environ)
        field = environ.get("HTTP_AUTHORIZATION")
        known = self._known and field and self._known.get(self._hashed(field))
        if known:
            set_user(environ, "Basic", *known)
            return self.call_app(environ, with_challenge(start_response, self.challenges, []))
        return self._verify(field, environ, start_response)

    def challenges(self) -> Fields:
        """Return the ``WWW-Authenticate`` fields."""
        return self._challenge

    def _verify(
        self, field: str | None, environ: WSGIEnvironment, start_response: StartResponse
    ) -> Iterable[bytes]:
        read = parse_authorization(field)
        pair = basic_credentials(read) if read is not None and read.scheme == "basic" else None
        name = None if pair is None else pair[0]
        rate = self.options.rate
        if rate is not None and (wait := rate(environ, name)):
            return too_many(environ, start_response, wait)
        user = None if pair is None else self.verify(*pair)
        if user is not None and user is not False and field is not None and name is not None:
            if self._known is not None:
                self._known.put(self._hashed(field), (name, user))
            set_user(environ, "Basic", name, user)
        else:
            if field is not None:
                tell_failed(rate, environ, name)
            if self.options.required:
                return refuse(environ, start_response, 401, self._challenge)
        return self.call_app(environ, with_challenge(start_response, self.challenges, []))

    def _hashed(self, field: str) -> bytes:
        hasher = self._hasher.copy()
        hasher.update(field[: LONGEST + 1].encode("latin-1", "replace"))
        return hasher.digest()
