"""Bodies of text and bytes, encoded when they are sent and no earlier."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from tropea.core.closing import Chained, close


class Blocks:
    """The blocks of a response, text or bytes, as bytes.

    content: what the application gave, untouched.
    charset: what text is encoded with.
    """

    __slots__ = ("charset", "content")

    def __init__(self, content: Iterable[str | bytes], charset: str) -> None:
        self.content, self.charset = content, charset

    def __iter__(self) -> Iterator[bytes]:
        charset = self.charset
        for block in self.content:
            if type(block) is bytes:
                yield block
            else:
                yield encode_block(block, charset)

    def close(self) -> None:
        close(self.content)  # type: ignore[arg-type]  # text or bytes close alike

    def ready(self) -> Iterable[bytes]:
        """Return the body to hand to the server.

        A list or tuple becomes a list, so that a server can count it.  Of anything else the first
        block is taken now: where that raises, no status has been sent yet, and the server can
        answer with a clean 500.
        """
        content = self.content
        if isinstance(content, (list, tuple)):
            charset = self.charset
            return [b if type(b) is bytes else encode_block(b, charset) for b in content]
        blocks = iter(self)
        try:
            first = next(blocks)
        except StopIteration:
            return Chained((), iter(()), self)
        except BaseException:
            self.close()
            raise
        return Chained((first,), blocks, self)


def encode_block(block: Any, charset: str) -> bytes:
    """Return *block* as bytes; raise TypeError for what is neither text nor bytes."""
    if isinstance(block, str):
        return block.encode(charset)
    if isinstance(block, (bytes, bytearray, memoryview)):
        return bytes(block)
    raise TypeError(f"a response's content is text or bytes, not {block!r}")
