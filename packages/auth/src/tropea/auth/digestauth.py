"""Digest authentication around an application, or around one handler.

Source: RFC 7616.
"""

from __future__ import annotations

import secrets
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import wraps
from hashlib import blake2b
from pathlib import Path
from typing import Any, ClassVar, Final
from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

from tropea.auth.digest import DigestPolicy, Outcome
from tropea.auth.guarding import (
    forget_user,
    refuse,
    set_user,
    tell_failed,
    too_many,
    with_challenge,
)
from tropea.auth.hashing import HASHES
from tropea.auth.nonces import MemoryReplays, Nonces, Replays
from tropea.auth.passwordmap import PasswordMap
from tropea.core.errors import OptionError, TropeaError
from tropea.core.fields import FieldError, Fields, check_value
from tropea.core.layer import Layer

#: Where ``check_digest`` finds the layer's means.
DIGEST: Final = "tropea.auth.digest"


@dataclass(frozen=True)
class DigestOptions:
    """The options of DigestAuthMiddleware.

    realm: shown to people by their browser.
    auth_map: a PasswordMap, a file of ``htdigest``, or ``{realm: {user: digest}}``.
    secret_key: at least 16 characters, the same in every process that answers; a random one
        serves a single process until it ends.
    auth_algorithm: offered, best first; session variants and SHA-512-256 where named.
    auth_qop: ``auth``; empty for the form of RFC 2069, which cannot see a replay.
    auth_timeout: seconds that a nonce lives.
    userhash: let clients hide their user's name.
    required: refuse requests without good credentials; where it is off, the application or
        ``check_digest`` decides, and a 401 of theirs keeps its challenge.
    replays: the memory of counts; one of this process when None.
    rate: called with ``(environ, user)``; the seconds that it returns are answered with 429.
    """

    realm: str
    auth_map: PasswordMap | Mapping[str, Any] | str | Path
    secret_key: str | None = None
    auth_algorithm: tuple[str, ...] = ("SHA-256", "MD5")
    auth_qop: str = "auth"
    auth_timeout: int = 300
    userhash: bool = False
    required: bool = True
    replays: Replays | None = None
    rate: Callable[..., Any] | None = None
    clock: Callable[[], float] = time.time

    def __post_init__(self) -> None:
        check_realm(self.realm)
        for name in self.auth_algorithm:
            if name not in HASHES:
                raise OptionError(
                    f"auth_algorithm: expected some of {', '.join(HASHES)}, got {name!r}"
                )
        if not self.auth_algorithm:
            raise OptionError("auth_algorithm: expected at least one")
        if self.auth_qop not in {"auth", ""}:
            raise OptionError(f"auth_qop: expected 'auth' or nothing, got {self.auth_qop!r}")
        if self.secret_key is not None and len(self.secret_key) < 16:
            raise OptionError("secret_key: expected 16 characters or more")


def check_realm(realm: str) -> None:
    """Raise OptionError for a realm that no quoted-string of ASCII can hold."""
    try:
        check_value(realm)
    except FieldError:
        realm = ""
    if not realm or not realm.isascii() or set(realm) & set('"\\:'):
        raise OptionError(
            f"realm: expected printable ASCII without quotes or colons, got {realm!r}"
        )


class DigestAuthMiddleware(Layer):
    """Let requests through that know a password, without the password being sent.

    >>> passwords = PasswordMap()
    >>> passwords.set("Kitchen", "ann", "secret")
    >>> app = DigestAuthMiddleware(None, "Kitchen", passwords)
    >>> body = app({"REQUEST_METHOD": "HEAD"}, lambda status, fields: print(status))
    401 Unauthorized
    """

    Options: ClassVar[type] = DigestOptions
    kind = "auth"
    provides = ("tropea.user",)
    inside = ("errors", "static", "http-cache", "session")
    options: DigestOptions

    def prepare(self) -> None:
        given = self.options.secret_key
        self.key = given.encode() if given else secrets.token_bytes(32)
        self.passwords = PasswordMap.of(self.options.auth_map)
        self.replays = self.options.replays or MemoryReplays()
        self._policies: dict[str, DigestPolicy] = {}
        self.policy = self.policy_for(self.options.realm)

    def policy_for(self, realm: str) -> DigestPolicy:
        """Return what this layer asks for in another realm of its map."""
        known = self._policies.get(realm)
        if known is None:
            check_realm(realm)
            options = self.options
            known = self._policies[realm] = DigestPolicy(
                realm,
                self.passwords,
                Nonces(self.key, realm, options.auth_timeout, options.clock),
                self.replays,
                options.auth_algorithm,
                options.auth_qop,
                options.userhash,
                blake2b(self.key, digest_size=32, person=b"tropea-nobody").digest(),
            )
        return known

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        forget_user(environ)
        rate = self.options.rate
        if rate is not None and (wait := rate(environ, None)):
            return too_many(environ, start_response, wait)
        outcome = self.policy.judge(environ)
        environ[DIGEST] = Given(self, outcome)
        if outcome.user is None:
            if outcome.given and not outcome.stale:
                tell_failed(rate, environ, None)
            challenge = self.policy.challenges
            if self.options.required:
                return refuse(environ, start_response, 401, challenge(stale=outcome.stale))
            return self.call_app(
                environ,
                with_challenge(start_response, lambda: challenge(stale=outcome.stale), []),
            )
        set_user(environ, "Digest", outcome.user)
        info = self.policy.authentication_info(outcome)
        added: Fields = [("Authentication-Info", info)] if info else []
        return self.call_app(environ, with_challenge(start_response, self.policy.challenges, added))


class Given:
    """What a DigestAuthMiddleware leaves in environ for ``check_digest``."""

    def __init__(self, layer: DigestAuthMiddleware, outcome: Outcome) -> None:
        self.layer, self.outcome = layer, outcome


class NoDigest(TropeaError, LookupError):
    """``check_digest`` found no DigestAuthMiddleware around it."""


def check_digest(realm: str, username: str | None = None) -> Callable[[Callable[..., Any]], Any]:
    """Let only users of *realm*, or only *username*, reach a handler; decorates it.

    The means come from the DigestAuthMiddleware around the application (with ``required=False``).
    Raises NoDigest in a request that passed none.
    """
    check_realm(realm)

    def decorate(handler: Callable[..., Any]) -> Callable[..., Any]:
        @wraps(handler)
        def checked(*args: Any, **kwargs: Any) -> Any:
            request = next(a for a in args if hasattr(a, "environ"))  # a method gets self first
            refusal = _refusal(request.environ, realm, username)
            return handler(*args, **kwargs) if refusal is None else refusal

        return checked

    return decorate


def _refusal(environ: WSGIEnvironment, realm: str, username: str | None) -> WSGIApplication | None:
    given = environ.get(DIGEST)
    if given is None:
        raise NoDigest(
            "check_digest needs a DigestAuthMiddleware (required=False) around the application"
        )
    policy = given.layer.policy_for(realm)
    outcome = given.outcome if policy is given.layer.policy else policy.judge(environ)
    if outcome.user is not None and username in (None, outcome.user):
        set_user(environ, "Digest", outcome.user)
        return None
    challenges = policy.challenges(stale=outcome.stale)
    return lambda environ, start_response: refuse(environ, start_response, 401, challenges)
