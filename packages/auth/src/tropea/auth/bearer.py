"""Bearer tokens: who shows one is who it was given to.

Source: RFC 6750.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any, ClassVar
from wsgiref.types import StartResponse, WSGIEnvironment

from tropea.auth.authorization import parse_authorization
from tropea.auth.digestauth import check_realm
from tropea.auth.guarding import (
    forget_user,
    refuse,
    set_user,
    tell_failed,
    too_many,
    with_challenge,
)
from tropea.core.errors import OptionError, TropeaError
from tropea.core.fields import Fields
from tropea.core.layer import Layer


class InsufficientScope(TropeaError):
    """A verifier raises it for a good token that does not allow this: 403 (section 3.1).

    scope: what would be needed, words separated by blanks.
    """

    def __init__(self, scope: str = "") -> None:
        super().__init__(f"the token lacks {scope!r}")
        if not scope.isascii() or not scope.isprintable() or set(scope) & set('"\\'):
            raise OptionError(f"scope: expected printable ASCII without quotes, got {scope!r}")
        self.scope = scope


@dataclass(frozen=True)
class BearerOptions:
    """The options of BearerAuthMiddleware.

    realm: of the challenge.
    verify: called with the token; returns who
        that is (text, or any object; its ``name`` or ``sub`` becomes REMOTE_USER) or None; may
        raise InsufficientScope.
    required: refuse requests without a good token; where it is off, the application decides.
    rate: called with ``(environ, None)``; the seconds that it returns are answered with 429.
    """

    realm: str
    verify: Callable[..., Any]
    required: bool = True
    rate: Callable[..., Any] | None = None

    def __post_init__(self) -> None:
        check_realm(self.realm)


class BearerAuthMiddleware(Layer):
    """Let requests through whose token a verifier knows.

    >>> app = BearerAuthMiddleware(None, "api", {"t0ken": "ann"}.get)
    >>> body = app({"REQUEST_METHOD": "HEAD", "HTTP_AUTHORIZATION": "Bearer x"},
    ...            lambda status, fields: print(fields[-1][1]))
    Bearer realm="api", error="invalid_token"
    """

    Options: ClassVar[type] = BearerOptions
    kind = "auth"
    provides = ("tropea.user",)
    inside = ("errors", "static", "http-cache", "session")
    options: BearerOptions

    def challenges(self, error: str = "", scope: str = "") -> Fields:
        """Return the ``WWW-Authenticate`` field, with an error where a token was shown."""
        more = (f', error="{error}"' if error else "") + (f', scope="{scope}"' if scope else "")
        return [("WWW-Authenticate", f'Bearer realm="{self.options.realm}"{more}')]

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        forget_user(environ)
        rate = self.options.rate
        if rate is not None and (wait := rate(environ, None)):
            return too_many(environ, start_response, wait)
        field = environ.get("HTTP_AUTHORIZATION")
        read = parse_authorization(field)
        if read is None or read.scheme != "bearer":
            if field and read is None:
                fields = self.challenges("invalid_request")
                return refuse(environ, start_response, 400, fields)
            return self._go_on(environ, start_response, "")
        if not read.token:
            return refuse(environ, start_response, 400, self.challenges("invalid_request"))
        try:
            user = self.options.verify(read.token)
        except InsufficientScope as error:
            fields = self.challenges("insufficient_scope", error.scope)
            return refuse(environ, start_response, 403, fields)
        if user is None or user is False:
            tell_failed(rate, environ, None)
            return self._go_on(environ, start_response, "invalid_token")
        set_user(environ, "Bearer", _name_of(user), user)
        return self.call_app(environ, with_challenge(start_response, self.challenges, []))

    def _go_on(
        self, environ: WSGIEnvironment, start_response: StartResponse, error: str
    ) -> Iterable[bytes]:
        if self.options.required:
            return refuse(environ, start_response, 401, self.challenges(error))
        challenge = with_challenge(start_response, lambda: self.challenges(error), [])
        return self.call_app(environ, challenge)


def _name_of(user: Any) -> str:
    if isinstance(user, str):
        return user
    held = user.get("sub") if isinstance(user, dict) else getattr(user, "name", None)
    return held if isinstance(held, str) else ""
