"""Who may use an operation: credentials found by scheme, and judged by the program's verifiers.

Source: OpenAPI 3.1.1 sections 4.8.27 and 4.8.30; RFC 9110 section 11.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from tropea.core.fields import Fields
from tropea.openapi.errors import Problem
from tropea.openapi.sources import Sources
from tropea.openapi.styles import decode

Verifier = Callable[[Any, str, tuple[str, ...]], Any]
_CHALLENGES = {"basic": 'Basic realm="API", charset="UTF-8"', "digest": "", "apikey": "ApiKey"}


class Security:
    """The requirements of an operation: one of them has to be met.

    requirements: as the description has them.  schemes: its security schemes.
    verifiers: called with ``(environ, credentials, scopes)``; None means that nobody has these
        credentials (401), False that they do not suffice (403), all else is who it is.  Where a
        scheme has none, credentials only have to be there.
    """

    def __init__(
        self,
        requirements: Sequence[Mapping[str, Sequence[str]]],
        schemes: Mapping[str, Mapping[str, Any]],
        verifiers: Mapping[str, Verifier],
    ) -> None:
        self._alternatives = [
            [(name, schemes.get(name, {}), tuple(scopes)) for name, scopes in requirement.items()]
            for requirement in requirements
        ]
        self._verifiers = verifiers
        self.challenges = _challenges(self._alternatives)

    def check(self, sources: Sources) -> tuple[dict[str, Any], list[Problem]]:
        """Return what each scheme found of the first requirement that is met."""
        if not self._alternatives:
            return {}, []
        refused: list[Problem] = []
        for alternative in self._alternatives:
            found, problem = self._meet(alternative, sources)
            if problem is None:
                return found, []
            refused.append(problem)
        return {}, [next((p for p in refused if p.status == 403), refused[0])]

    def _meet(
        self, alternative: list[tuple[str, Mapping[str, Any], tuple[str, ...]]], sources: Sources
    ) -> tuple[dict[str, Any], Problem | None]:
        found: dict[str, Any] = {}
        for name, scheme, scopes in alternative:
            credentials = credentials_of(scheme, sources)
            if credentials is None:
                return {}, Problem(401, "security", name, "no credentials were given")
            verifier = self._verifiers.get(name)
            known = credentials
            if verifier is not None:
                known = verifier(sources.environ, credentials, scopes)
                if known is None:
                    return {}, Problem(401, "security", name, "the credentials are not known")
                if known is False:
                    return {}, Problem(403, "security", name, "the credentials do not suffice")
            found[name] = known
        return found, None


def credentials_of(scheme: Mapping[str, Any], sources: Sources) -> str | None:
    """Return what a request has for a security scheme; None where it has nothing.

    >>> scheme = {"type": "http", "scheme": "Bearer"}
    >>> credentials_of(scheme, Sources({"HTTP_AUTHORIZATION": "bearer abc"}, {}))
    'abc'
    """
    kind = scheme.get("type")
    if kind == "apiKey":
        return _api_key(str(scheme.get("name", "")), scheme.get("in"), sources)
    if kind == "mutualTLS":
        verified = sources.environ.get("SSL_CLIENT_VERIFY") == "SUCCESS"
        return str(sources.environ.get("SSL_CLIENT_S_DN", "")) if verified else None
    wanted = str(scheme.get("scheme", "bearer")).lower()
    given, _, rest = sources.environ.get("HTTP_AUTHORIZATION", "").partition(" ")
    return rest.strip() or None if given.lower() == wanted else None


def _api_key(name: str, place: Any, sources: Sources) -> str | None:
    if place == "header":
        return sources.header(name) or None
    if place == "cookie":
        return sources.cookies.get(name) or None
    try:
        values = [decode(value) for key, value in sources.query if key == name]
    except ValueError:
        return None
    return values[0] if len(values) == 1 and values[0] else None


def _challenges(alternatives: Any) -> Fields:
    """Make the fields of a 401, of which RFC 9110 wants one at least."""
    found: dict[str, None] = {}
    for alternative in alternatives:
        for _, scheme, _ in alternative:
            kind = scheme.get("type")
            word = str(scheme.get("scheme", "bearer")).lower()
            word = "apikey" if kind == "apiKey" else word
            found[_CHALLENGES.get(word, f'{word.title()} realm="API"')] = None
    return [("WWW-Authenticate", challenge) for challenge in found if challenge] or [
        ("WWW-Authenticate", 'Bearer realm="API"')
    ]
