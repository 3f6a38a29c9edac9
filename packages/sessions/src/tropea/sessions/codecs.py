"""Turn a session's data into bytes and back: JSON, and nothing that could run code.

Both codecs write the same format, so that an application may install or remove ``msgspec`` while
its sessions live.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from math import isfinite
from typing import Any, NamedTuple

from tropea.sessions.errors import RecordError, SessionValueError

Data = dict[str, Any]


class Codec(NamedTuple):
    """A pair of functions; *decode* raises ValueError for what *encode* did not write."""

    name: str
    encode: Callable[[Any], bytes]
    decode: Callable[[bytes], Any]


def _make_encoder() -> Callable[[Any], bytes]:
    """Return the standard library's encoder, built once instead of for every call.

    Without its watch for circles: what is circular ends as a RecursionError.
    """
    encoder = json.JSONEncoder(separators=(",", ":"), ensure_ascii=False, allow_nan=False)
    module: Any = json.encoder  # its parts are no secret, but its stubs do not name them
    flags = (False, False, False)  # sorted keys, skipped keys, NaN
    try:
        prepared = module.c_make_encoder(
            None, encoder.default, module.encode_basestring, None, ":", ",", *flags
        )
        works = "".join(prepared({"a": [1, "\N{SNOWMAN}"]}, 0)) == '{"a":[1,"\N{SNOWMAN}"]}'
    except (AttributeError, TypeError):  # another Python, which has none or builds it otherwise
        works = False
    if not works:
        return lambda data: encoder.encode(data).encode()
    join = "".join
    return lambda data: join(prepared(data, 0)).encode()


_json_encode = _make_encoder()
_scan = json.scanner.make_scanner(json.JSONDecoder())  # type: ignore[attr-defined]  # no stubs


def _json_decode(raw: bytes) -> Any:
    text = raw.decode()
    try:
        value, end = _scan(text, 0)
    except StopIteration:
        raise ValueError("no JSON") from None
    if end != len(text):  # we write no blanks around it
        raise ValueError("something follows the data")
    return value


JSON = Codec("json", _json_encode, _json_decode)


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
    return Codec("msgspec", Encoder().encode, Decoder().decode)


def codec_named(name: str) -> Codec:
    """Return the codec that an option names: ``auto``, ``json`` or ``msgspec``."""
    return JSON if name == "json" else best_codec()


def encode(codec: Codec, data: Data) -> bytes:
    """Encode *data*; raise SessionValueError naming the key whose value JSON cannot hold."""
    try:
        return codec.encode(data)
    except (TypeError, ValueError, OverflowError, RecursionError):
        check_values(data)
        raise


def decode(codec: Codec, raw: bytes) -> Data:
    """Decode *raw* into a dict; raise RecordError for anything else."""
    try:
        data = codec.decode(raw)
    except (ValueError, RecursionError) as error:
        raise RecordError(f"the data is no JSON: {type(error).__name__}") from None
    if type(data) is not dict:
        raise RecordError(f"the data is a {type(data).__name__}, not an object")
    return data


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
