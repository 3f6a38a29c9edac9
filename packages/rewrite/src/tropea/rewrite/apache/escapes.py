r"""Apache's ways to percent-encode, byte for byte; characters are bytes here.

>>> escape_uri("a b?\xe9"), escape_captured("a b&", "", "", plus=True, controls_only=False)
('a%20b%3f%e9', 'a+b%26')
"""

from __future__ import annotations

import re

_KEPT_IN_URI = re.compile(r"[^A-Za-z0-9$\-_.+!*'(),:;@&=/~]")
#: Bytes that may not stand in a query as they are: blanks and controls.
RAW = re.compile(r"[\x00-\x20\x7f]")
_CONTROLS = re.compile(r"[\x00-\x1f\x7f]")


def escape_uri(text: str) -> str:
    """Encode what may not stand in a path, ``?`` and ``%`` included."""
    return _KEPT_IN_URI.sub(_code, text)


def escape_controls(text: str) -> str:
    """Encode control characters only: no reference that is sent may have them."""
    return _CONTROLS.sub(_code, text)


def escape_captured(text: str, only: str, never: str, *, plus: bool, controls_only: bool) -> str:
    """Encode a back reference as the flags B, BCTLS, BNE and BNP say.

    only: the characters of ``B=…``, or "" for all.  never: those of ``BNE=…``.
    plus: whether a blank becomes ``+``.  controls_only: encode blanks and controls only.
    """
    out = []
    for letter in text:
        chosen = bool(RAW.match(letter)) if controls_only else not only
        word = letter == "_" or (letter.isascii() and letter.isalnum())
        if word or letter in never or not (chosen or letter in only):
            out.append(letter)
        elif letter == " " and plus:
            out.append("+")
        else:
            out.append(f"%{ord(letter):02x}")
    return "".join(out)


def _code(match: re.Match[str]) -> str:
    return f"%{ord(match[0]):02x}"


def to_octets(text: str) -> str:
    """Turn text into one character a byte of its UTF-8."""
    return text if text.isascii() else text.encode("utf-8", "surrogateescape").decode("latin-1")
