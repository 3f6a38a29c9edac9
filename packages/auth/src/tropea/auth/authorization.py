"""Read an ``Authorization`` field: bounded, linear, and never raising.

Source: RFC 9110 section 11.4, RFC 7616 section 3.4.
"""

from __future__ import annotations

import re
from base64 import b64decode
from binascii import Error as Base64Error
from collections.abc import Mapping
from typing import NamedTuple
from urllib.parse import unquote_to_bytes

#: Characters of a field; a longer one is no credential.
LONGEST = 8192
_SCHEME = re.compile(r"[ \t]*([A-Za-z0-9!#$%&'*+.^_`|~-]{1,32})(?:[ ]+(.*))?", re.DOTALL).fullmatch
# One parameter and the comma behind it; possessive, so that no input is read twice.
_NAME = r"[A-Za-z0-9!#$%&'*+.^_`|~-]++"
_PARAMETER = re.compile(
    rf'[ \t,]*+({_NAME})[ \t]*+=[ \t]*+(?:"((?:[^"\\]++|\\.)*+)"|([^\s,"]*+))[ \t]*+(?:,|$)',
    re.DOTALL,
)
# What clients really send: no escapes, one blank after a comma.  Checked whole in one pass, and
# only then taken apart in another, so that neither can be made slow.
_PLAIN = re.compile(r'(?:[A-Za-z*]++=(?:"[^"\\]*+"|[^",\s]++)(?:, ?+|$))++').fullmatch
_PIECES = re.compile(r'([A-Za-z*]++)=(?:"([^"]*+)"|([^",\s]++))').findall
_TOKEN68 = re.compile(r"[A-Za-z0-9._~+/-]+=*").fullmatch
_PAIR = re.compile(r"\\(.)", re.DOTALL)
_CONTROL = re.compile(r"[\x00-\x1f\x7f]")
_MOST_PARAMETERS = 32


class Authorization(NamedTuple):
    """The credentials of a request, unverified.

    scheme: in lower case.
    token: a token68 (RFC 9110 section 11.2), or "" where there are parameters.
    parameters: lower-case names to unquoted values, as the environ has them (Latin-1).
    """

    scheme: str
    token: str
    parameters: dict[str, str]


def parse_authorization(field: str | None) -> Authorization | None:
    """Read a field; None where it is absent, too long or malformed.

    >>> parse_authorization('Digest username="ann", nc=00000001').parameters
    {'username': 'ann', 'nc': '00000001'}
    >>> parse_authorization("Bearer abc").token
    'abc'
    """
    if not field or len(field) > LONGEST:
        return None
    if field.startswith("Digest ") and '"' in field:  # most likely as clients really write it
        plain = _plain_parameters(field[7:])
        if plain is not None:
            return Authorization("digest", "", plain)
    match = _SCHEME(field)
    if match is None:
        return None
    scheme, rest = match[1].lower(), (match[2] or "").strip(" \t")
    if not rest or _TOKEN68(rest):
        return Authorization(scheme, rest, {})
    parameters = _parameters(rest)
    return None if parameters is None else Authorization(scheme, "", parameters)


def _plain_parameters(text: str) -> dict[str, str] | None:
    """Read parameters as clients really write them; None for anything else."""
    if not _PLAIN(text):
        return None
    pieces = _PIECES(text)
    found = {name.lower(): quoted or token for name, quoted, token in pieces}
    return found if len(found) == len(pieces) <= _MOST_PARAMETERS else None


def _parameters(text: str) -> dict[str, str] | None:
    """Read comma-separated parameters; None for anything else, and for one given twice."""
    if _PLAIN(text):
        return _plain_parameters(text)
    found: dict[str, str] = {}
    position, end, match_at = 0, len(text), _PARAMETER.match
    while position < end:
        match = match_at(text, position)  # match, not search: a search would be quadratic
        if match is None or len(found) == _MOST_PARAMETERS:
            return None
        position = match.end()
        name, quoted, token = match.groups()
        name = name.lower()
        if name in found:
            return None
        if quoted is None:
            found[name] = token
        else:
            found[name] = _PAIR.sub(r"\1", quoted) if "\\" in quoted else quoted
    return found


def basic_credentials(authorization: Authorization) -> tuple[str, str] | None:
    """Read user and password of ``Basic`` credentials; None where they are malformed.

    Read as UTF-8, or as Latin-1 where they are not UTF-8; controls are refused.

    Source: RFC 7617 section 2.

    >>> basic_credentials(parse_authorization("Basic YW5uOmE6Yg=="))
    ('ann', 'a:b')
    """
    try:
        raw = b64decode(authorization.token, validate=True)
    except (Base64Error, ValueError):
        return None
    text = decoded(raw)
    user, colon, password = text.partition(":")
    return (user, password) if colon and not _CONTROL.search(text) else None


def decoded(raw: bytes) -> str:
    """Decode what a client sent as UTF-8, or as Latin-1 where it is not."""
    try:
        return raw.decode()
    except UnicodeDecodeError:
        return raw.decode("latin-1")


def user_of(parameters: Mapping[str, str]) -> str | None:
    """Read the user of Digest credentials, ``username*`` included; None where it is malformed.

    Source: RFC 7616 section 3.4, RFC 8187 section 3.2.

    >>> user_of({"username*": "UTF-8''J%C3%A4s%C3%B8n"})
    'Jäsøn'
    """
    extended = parameters.get("username*")
    if extended is None:
        user = parameters.get("username", "")
        if not user.isascii():
            user = decoded(user.encode("latin-1", "replace"))
    else:
        charset, _, rest = extended.partition("'")
        _, quote, value = rest.partition("'")
        if charset.lower() != "utf-8" or not quote or "username" in parameters:
            return None
        try:
            user = unquote_to_bytes(value).decode()
        except UnicodeDecodeError:
            return None
    return user if user and not _CONTROL.search(user) else None
