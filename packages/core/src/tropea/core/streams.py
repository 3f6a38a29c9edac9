"""Responses that are sent while they are made: blocks, text, lines of JSON, and long JSON.

Source: RFC 8259; the NDJSON convention (one JSON text a line).
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from tropea.core.bodies import Blocks
from tropea.core.closing import close
from tropea.core.response import Response

#: Bytes gathered before a piece of JSON is sent, and the most that one piece holds.
PIECE, LARGEST_PIECE = 16 * 1024, 64 * 1024
#: What is written as a JSON object or as text, though it can be iterated.
_WHOLE = (str, bytes, Mapping)


class GeneratorResponse(Response):
    """Blocks of bytes, sent as they are made; other blocks are a TypeError."""

    def __init__(
        self,
        generator: Iterable[bytes],
        content_type: str = "text/html; charset=utf-8",
        headers: Any = None,
        status_code: int | str = 200,
        **rest: Any,
    ) -> None:
        super().__init__(
            self._blocks(generator), status_code, headers, content_type=content_type, **rest
        )

    def _blocks(self, generator: Iterable[Any]) -> Iterable[Any]:
        return _Checked(generator)


class StrGeneratorResponse(GeneratorResponse):
    """Blocks of text, encoded as they are sent."""

    def _blocks(self, generator: Iterable[Any]) -> Iterable[Any]:
        return generator


class _Checked:
    """Blocks that have to be bytes."""

    __slots__ = ("_blocks",)

    def __init__(self, blocks: Iterable[bytes]) -> None:
        self._blocks = blocks

    def __iter__(self) -> Iterator[bytes]:
        for block in self._blocks:
            if not isinstance(block, bytes):
                raise TypeError(f"blocks are bytes here (StrGeneratorResponse has text): {block!r}")
            yield block

    def close(self) -> None:
        close(self._blocks)


class JSONGeneratorResponse(Response):
    """JSON in which any iterator is an array, sent in pieces of 8 to 64 KiB.

    Data is one value, or the members of an object as keyword arguments, as in JSONResponse.
    Of ``encoder_kwargs``, ``indent`` is of no use to a stream: nothing is indented.

    >>> JSONGeneratorResponse(numbers=(n * n for n in range(4))).body
    b'{"numbers": [0, 1, 4, 9]}'
    """

    def __init__(
        self,
        data_: Any = None,
        charset: str | None = "utf-8",
        headers: Any = None,
        encoder_kwargs: dict[str, Any] | None = None,
        status_code: int | str = 200,
        **members: Any,
    ) -> None:
        if members:
            data_ = {**data_, **members} if data_ else members
        encoder = json.JSONEncoder(**{"allow_nan": False, **(encoder_kwargs or {})})
        kind = f"application/json; charset={charset}" if charset else "application/json"
        pieces = gather(write_json(data_, encoder))
        super().__init__(
            None, status_code, headers, content_type=kind, app_iter=Blocks(pieces, "utf-8")
        )


class NDJSONResponse(Response):
    r"""One JSON value a line, each sent when it is there.

    >>> NDJSONResponse([{"a": 1}, 2]).body
    b'{"a": 1}\n2\n'
    """

    def __init__(
        self, values: Iterable[Any], headers: Any = None, status_code: int | str = 200, **rest: Any
    ) -> None:
        rest.setdefault("content_type", "application/x-ndjson")
        super().__init__(_Lines(values), status_code, headers, **rest)


class _Lines:
    """Values, one a line of JSON; closed with the response."""

    __slots__ = ("_values",)

    def __init__(self, values: Iterable[Any]) -> None:
        self._values = values

    def __iter__(self) -> Iterator[str]:
        encode = json.JSONEncoder(allow_nan=False).encode
        for value in self._values:
            yield encode(value) + "\n"

    def close(self) -> None:
        close(self._values)


def write_json(value: Any, encoder: json.JSONEncoder) -> Iterator[str]:
    """Write *value* as fragments of JSON; iterators are arrays, read as they are written."""
    if isinstance(value, (dict, Mapping)) and not isinstance(value, str):
        yield from _write_members(value, encoder)
    elif hasattr(value, "__next__") or (
        hasattr(value, "__iter__") and not isinstance(value, _WHOLE)
    ):
        try:
            separator = "["
            for item in value:
                yield separator
                yield from write_json(item, encoder)
                separator = encoder.item_separator
            yield "[]" if separator == "[" else "]"
        finally:
            close(value)
    else:
        yield encoder.encode(value)


def _write_members(members: Mapping[Any, Any], encoder: json.JSONEncoder) -> Iterator[str]:
    separator = "{"
    for name, value in sorted(members.items()) if encoder.sort_keys else members.items():
        # The encoder knows how JSON writes keys that are numbers, truths or None.
        written = json.loads(encoder.encode({name: 0}))
        if not written:
            continue  # skipkeys leaves it out
        (key,) = written
        yield f"{separator}{encoder.encode(key)}{encoder.key_separator}"
        yield from write_json(value, encoder)
        separator = encoder.item_separator
    yield "{}" if separator == "{" else "}"


class gather:  # noqa: N801  reads as the function it stands for
    """Join fragments of text into pieces worth sending, none larger than 64 KiB."""

    __slots__ = ("_fragments",)

    def __init__(self, fragments: Iterator[str]) -> None:
        self._fragments = fragments

    def __iter__(self) -> Iterator[bytes]:
        held: list[bytes] = []
        size = 0
        for fragment in self._fragments:
            block = fragment.encode("utf-8")
            held.append(block)
            size += len(block)
            if size >= PIECE:
                whole, at = b"".join(held), 0
                while size - at >= PIECE:
                    yield whole[at : at + LARGEST_PIECE]
                    at += LARGEST_PIECE
                held, size = [whole[at:]], max(size - at, 0)
        if size:
            yield b"".join(held)

    def close(self) -> None:
        close(self._fragments)  # type: ignore[arg-type]  # a generator of text
