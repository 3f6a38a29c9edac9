"""Decide whether Digest credentials are good: pure policy but for the memory of counts.

Source: RFC 7616.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from hashlib import blake2b
from hmac import compare_digest
from typing import Any, NamedTuple
from urllib.parse import unquote_to_bytes, urlsplit

from tropea.auth.authorization import parse_authorization, user_of
from tropea.auth.hashing import plain, response_digest
from tropea.auth.nonces import Age, Nonces, Replays
from tropea.auth.passwordmap import PasswordMap

_COUNT = re.compile(r"[0-9a-fA-F]{8}").fullmatch
_NEEDED = frozenset(("nonce", "uri", "response", "realm"))


class Outcome(NamedTuple):
    """What came of a request's credentials.

    user: None where they are not good.
    stale: they would be good with a fresh nonce: the client need not ask its user again.
    given: whether there were Digest credentials at all.
    algorithm, kept, parameters, made: of good credentials, for ``Authentication-Info``; made is
        when their nonce was, in milliseconds.
    """

    user: str | None = None
    stale: bool = False
    given: bool = True
    algorithm: str = ""
    kept: str = ""
    parameters: Mapping[str, str] = {}
    made: int = 0


NONE = Outcome(given=False)
BAD = Outcome()


@dataclass(frozen=True)
class DigestPolicy:
    """What one realm asks of credentials.

    algorithms: offered, best first.
    qop: "auth", or "" for the form of RFC 2069, which cannot see a replay while its nonce lives.
    """

    realm: str
    passwords: PasswordMap
    nonces: Nonces
    replays: Replays
    algorithms: tuple[str, ...]
    qop: str
    userhash: bool
    key: bytes

    def judge(self, environ: Mapping[str, Any]) -> Outcome:
        """Judge the credentials of a request."""
        read = parse_authorization(environ.get("HTTP_AUTHORIZATION"))
        if read is None or read.scheme != "digest":
            return NONE
        given = read.parameters
        algorithm = self._offered.get(given.get("algorithm", "MD5").lower())
        if algorithm is None or not given.keys() >= _NEEDED or not self._well_formed(given):
            return BAD
        if as_sent(given["realm"]) != self.realm.encode() or not is_target(given["uri"], environ):
            return BAD
        seen = self.nonces.check(given["nonce"])
        if seen.age is Age.FORGED:
            return BAD
        user = self._user(given, algorithm)
        kept, is_known = self._kept(user, algorithm)
        method, qop = environ["REQUEST_METHOD"], self.qop or None
        expected = response_digest(algorithm, kept, method, given, qop)
        is_right = compare_digest(expected.encode(), as_sent(given["response"].lower()))
        if not is_right or not is_known:
            return BAD
        if seen.age is Age.STALE or not self._is_first_use(given, seen.made):
            return Outcome(stale=True)
        return Outcome(user, False, True, algorithm, kept, given, seen.made)  # noqa: FBT003

    @cached_property
    def _offered(self) -> dict[str, str]:
        """The algorithms by their names in lower case."""
        return {name.lower(): name for name in self.algorithms}

    def _well_formed(self, given: Mapping[str, str]) -> bool:
        if not self.qop:
            return "qop" not in given
        return (
            given.get("qop", "").lower() == self.qop
            and bool(given.get("cnonce"))
            and _COUNT(given.get("nc", "")) is not None
            and int(given["nc"], 16) > 0
        )

    def _user(self, given: Mapping[str, str], algorithm: str) -> str | None:
        if given.get("userhash", "false").lower() != "true":
            return user_of(given)
        hashed = given.get("username", "") if self.userhash else ""
        return self.passwords.find_hashed(self.realm, hashed, plain(algorithm))

    def _kept(self, user: str | None, algorithm: str) -> tuple[str, bool]:
        """Return what is kept for a user and True; for nobody, what costs as much and False."""
        kept = user and self.passwords.find(self.realm, user, plain(algorithm))
        if kept:
            return kept, True
        name = (user or "").encode()
        nobody = blake2b(name, key=self.key[:64], digest_size=32).hexdigest()
        return (nobody[:32] if plain(algorithm) == "MD5" else nobody), False

    def _is_first_use(self, given: Mapping[str, str], made: int) -> bool:
        return not self.qop or self.replays.use(given["nonce"], made, int(given["nc"], 16))

    def challenges(self, *, stale: bool = False) -> list[tuple[str, str]]:
        """Write the ``WWW-Authenticate`` fields, best algorithm first."""
        nonce = self.nonces.make()
        quality = f', qop="{self.qop}"' if self.qop else ""
        more = (", stale=true" if stale else "") + (", userhash=true" if self.userhash else "")
        start = f'Digest realm="{self.realm}"{quality}, algorithm='
        rest = f', nonce="{nonce}", charset=UTF-8{more}'
        return [("WWW-Authenticate", start + name + rest) for name in self.algorithms]

    def authentication_info(self, outcome: Outcome) -> str | None:
        """Write ``Authentication-Info`` where a next nonce is due: after half of this one's life.

        It holds the server's own proof (``rspauth``) too.

        Source: RFC 7616 section 3.5.
        """
        half = self.nonces.lifetime / 2
        if not self.qop or self.nonces.clock() - outcome.made / 1000 < half:
            return None
        given = dict(outcome.parameters)
        proof = response_digest(outcome.algorithm, outcome.kept, "", given, self.qop)
        return (
            f'nextnonce="{self.nonces.make()}", rspauth="{proof}", qop={self.qop}, '
            f'cnonce="{_quoted(given["cnonce"])}", nc={given["nc"]}'
        )


def _quoted(text: str) -> str:
    """Write the inside of a quoted-string; what no field may hold is left out."""
    clean = "".join(c for c in text if c >= " " and c != "\x7f")
    return clean.replace("\\", "\\\\").replace('"', '\\"')


def is_target(uri: str, environ: Mapping[str, Any]) -> bool:
    r"""Tell whether the ``uri`` of credentials is the target of this request.

    The path is compared decoded, the mount point included; the query as it was sent.

    >>> is_target("/shop/caf%c3%a9?q=%20", {"SCRIPT_NAME": "/shop", "PATH_INFO": "/caf\xc3\xa9",
    ...                                     "QUERY_STRING": "q=%20"})
    True
    """
    try:
        parts = urlsplit(uri) if "://" in uri.partition("?")[0] else None
    except ValueError:
        return False
    path, _, query = uri.partition("?") if parts is None else (parts.path, "", parts.query)
    target = environ.get("SCRIPT_NAME", "") + environ.get("PATH_INFO", "")
    if query != environ.get("QUERY_STRING", ""):
        return False
    if "%" not in path:
        return (path or "/") == (target or "/")
    return unquote_to_bytes(as_sent(path)) == as_sent(target or "/")


def as_sent(text: str) -> bytes:
    """Return the bytes that a server made *text* of (PEP 3333: Latin-1)."""
    return text.encode("latin-1", "replace")
