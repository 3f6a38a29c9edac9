"""Turn a session's data into bytes and back: JSON, and nothing that could run code.

Both codecs write the same format, so that an application may install or remove ``msgspec`` while
its sessions live.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from math import isfinite
from typing import Any

from tropea.sessions.errors import RecordError, SessionValueError

Data = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Codec:
    """A pair of functions.

    encode: raises SessionValueError naming the key whose value JSON cannot hold.
    decode: returns a dict; raises RecordError for anything that *encode* did not write.
    """

    name: str
    encode: Callable[[Data], bytes]
    decode: Callable[[bytes], Data]


_REFUSALS = (TypeError, ValueError, OverflowError, RecursionError)


def _make_encoder() -> Callable[[Data], bytes]:
    """Return the standard library's encoder, built once instead of for every call.

    Without its watch for circles: what is circular ends as a RecursionError.
    """
    encoder = json.JSONEncoder(separators=(",", ":"), ensure_ascii=False, allow_nan=False)
    module: Any = json.encoder  # its parts are no secret, but its stubs do not name them
    flags = (False, False, False)  # sorted keys, skipped keys, NaN
    join = "".join
    try:
        prepared = module.c_make_encoder(
            None, encoder.default, module.encode_basestring, None, ":", ",", *flags
        )
        works = join(prepared({"a": [1, "\N{SNOWMAN}"]}, 0)) == '{"a":[1,"\N{SNOWMAN}"]}'
    except (AttributeError, TypeError):  # another Python, which has none or builds it otherwise
        works = False
    chunks: Callable[[Data, int], Iterable[str]] = (
        prepared if works else lambda data, _depth: (encoder.encode(data),)
    )

    def encode(data: Data) -> bytes:
        try:
            return join(chunks(data, 0)).encode()
        except _REFUSALS as error:
            raise _refused(data) from error

    return encode


_scan = json.scanner.make_scanner(json.JSONDecoder())  # type: ignore[attr-defined]  # no stubs


def _json_decode(raw: bytes) -> Data:
    try:
        text = raw.decode()
        value, end = _scan(text, 0)
    except (StopIteration, ValueError, RecursionError) as error:
        raise RecordError(f"the data is no JSON: {type(error).__name__}") from None
    if type(value) is not dict or end != len(text):  # we write no blanks around it
        raise _no_object(value)
    return value


JSON = Codec("json", _make_encoder(), _json_decode)


def best_codec() -> Codec:
    """Return the codec of msgspec where it is installed (the extra ``fast``), else the standard's.

    >>> best_codec().decode(b'{"n":1}')
    {'n': 1}
    """
    try:
        from msgspec import DecodeError
        from msgspec.json import Decoder, Encoder
    except ImportError:
        return JSON
    if not issubclass(DecodeError, ValueError):  # before msgspec 0.21: damage would escape
        return JSON
    read, write = Decoder().decode, Encoder().encode

    def encode(data: Data) -> bytes:
        try:
            return write(data)
        except _REFUSALS as error:
            raise _refused(data) from error

    def decode(raw: bytes) -> Data:
        try:
            value = read(raw)
        except (ValueError, RecursionError) as error:
            raise RecordError(f"the data is no JSON: {type(error).__name__}") from None
        if type(value) is not dict:
            raise _no_object(value)
        return value

    return Codec("msgspec", encode, decode)


def codec_named(name: str) -> Codec:
    """Return the codec that an option names: ``auto``, ``json`` or ``msgspec``."""
    return JSON if name == "json" else best_codec()


def _refused(data: Data) -> SessionValueError:
    """Say which value could not be encoded."""
    try:
        check_values(data)
    except SessionValueError as error:
        return error
    for key, value in data.items():  # all are of kinds that JSON has, but one cannot be written
        try:
            json.dumps({key: value}, ensure_ascii=False).encode()
        except _REFUSALS as error:
            return SessionValueError(f"session[{key!r}] cannot be written as JSON: {error}")
    return SessionValueError("the session's data cannot be written as JSON")


def _no_object(value: Any) -> RecordError:
    return RecordError(f"the data is a {type(value).__name__}, not one object")


def check_values(data: Data) -> None:
    """Raise SessionValueError unless every value would come back as it goes in.

    JSON would turn a number used as a key into text, and msgspec writes a date as text and NaN as
    null without a word; a session says so when the value goes in, not when it comes back changed.

    >>> check_values({"seen": [1, 2.5, None, {"a": "b"}]})
    >>> check_values({"when": {1: 2}})
    Traceback (most recent call last):
    ...
    tropea.sessions.errors.SessionValueError: session['when'] holds a key that is no text: 1
    """
    for key, value in data.items():
        if type(key) is not str:
            raise SessionValueError(f"a session's keys are text, not {key!r}")
        if type(value) in _SCALARS:
            continue
        problem = _problem(value, 0)
        if problem is not None:
            raise SessionValueError(f"session[{key!r}] holds {problem}")


_SCALARS = frozenset((str, int, bool, type(None)))
MAX_DEPTH = 64  #: containers within containers; what is deeper is a mistake or an attack


def _problem(value: Any, depth: int) -> str | None:
    kind = type(value)
    if kind in _SCALARS:
        return None
    if kind is float:
        return None if isfinite(value) else f"{value!r}, which JSON has no number for"
    if depth >= MAX_DEPTH:
        return f"more than {MAX_DEPTH} containers within each other"
    if isinstance(value, (list, tuple)):
        return next((p for v in value if (p := _problem(v, depth + 1))), None)
    if isinstance(value, dict):
        for key, member in value.items():
            if type(key) is not str:
                return f"a key that is no text: {key!r}"
            if problem := _problem(member, depth + 1):
                return problem
        return None
    if isinstance(value, (str, int)):  # a str or int of another class, such as an enum
        return f"a {kind.__name__}, which would come back as plain {kind.__mro__[-2].__name__}"
    return f"a {kind.__name__}; JSON has text, numbers, true, false, null, lists and objects"
