"""Keep the last requests in bounded memory: so many, and no more than so many bytes."""

from __future__ import annotations

import json
import threading
import zlib
from collections import OrderedDict
from itertools import islice
from typing import Any

from tropea.inspector.records import Record, summary


class Shelf:
    """The last records, packed; the oldest go first.

    most: records.  room: bytes of packed records.

    >>> shelf = Shelf(most=2, room=100_000)
    >>> shelf.get(1) is None
    True
    """

    def __init__(self, most: int, room: int) -> None:
        self.most, self.room = most, room
        self.used = 0
        self._packed: OrderedDict[int, tuple[bytes, bytes]] = OrderedDict()
        self._lock = threading.Lock()
        self._number = 0

    def __len__(self) -> int:
        return len(self._packed)

    def next_number(self) -> int:
        """Return the number of a new request."""
        with self._lock:
            self._number += 1
            return self._number

    def add(self, record: Record) -> None:
        """Keep a record; drop the oldest that there is no room for."""
        packed = zlib.compress(json.dumps(record, separators=(",", ":")).encode(), 1)
        short = json.dumps(summary(record), separators=(",", ":")).encode()
        with self._lock:
            self._packed[record["id"]] = packed, short
            self.used += len(packed) + len(short)
            while self._packed and (len(self._packed) > self.most or self.used > self.room):
                _, (old, old_short) = self._packed.popitem(last=False)
                self.used -= len(old) + len(old_short)

    def get(self, number: int) -> Record | None:
        """Return the record of a request, or None where it is gone."""
        with self._lock:
            found = self._packed.get(number)
        return None if found is None else json.loads(zlib.decompress(found[0]))

    def latest(self, most: int, after: int = 0) -> list[Record]:
        """Return the summaries of the latest requests, newest first.

        after: only those with a greater number.
        """
        with self._lock:
            newest = islice(reversed(self._packed.items()), most)
            texts = [short for number, (_, short) in newest if number > after]
        return [json.loads(text) for text in texts]

    def clear(self) -> None:
        """Forget everything."""
        with self._lock:
            self._packed.clear()
            self.used = 0

    def told(self) -> dict[str, Any]:
        """Tell how full the shelf is."""
        return {"kept": len(self), "most": self.most, "bytes": self.used, "room": self.room}
