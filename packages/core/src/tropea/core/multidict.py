"""A dictionary that can hold several values for a key, in the order they came in.

Form and query fields are such dictionaries: ``form["name"]`` is the first value that was sent,
``form.getlist("name")`` are all of them.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, MutableMapping
from typing import Any, TypeVar, cast

from tropea.core.getters import Getters

K = TypeVar("K")
V = TypeVar("V")
_NOTHING: Any = object()
#: Up to this many pairs, looking through them is quicker than filing them.
_FEW = 8


class MultiDict(Getters, MutableMapping[K, V]):
    """An ordered dictionary with several values for a key.

    Indexing, ``get``, ``items`` and ``values`` see the first value of each key, and ``len``
    counts keys; ``allitems``, ``listitems`` and ``getlist`` see all values.

    >>> d = MultiDict([("a", 1), ("a", 2), ("b", 3)])
    >>> d["a"], len(d), d.getlist("a")
    (1, 2, [1, 2])
    >>> d.allitems()
    [('a', 1), ('a', 2), ('b', 3)]
    >>> d.listitems()
    [('a', [1, 2]), ('b', [3])]
    """

    __slots__ = ("_index", "_pairs")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        if len(args) > 1:
            raise TypeError(f"MultiDict expected at most 1 argument, got {len(args)}")
        self._pairs: list[tuple[K, V]] = [pair for arg in args for pair in _pairs_of(arg)]
        self._pairs.extend(cast("Any", kwargs.items()))
        self._index: dict[K, list[V]] | None = None

    @classmethod
    def from_pairs(cls, pairs: list[tuple[K, V]]) -> MultiDict[K, V]:
        """Make a dictionary of *pairs*, which from then on belong to it."""
        self = cls.__new__(cls)
        self._pairs = pairs
        self._index = None
        return self

    def _filed(self) -> dict[K, list[V]]:
        index = self._index
        if index is None:
            index = self._index = {}
            for key, value in self._pairs:
                if key in index:
                    index[key].append(value)
                else:
                    index[key] = [value]
        return index

    def _values(self, key: K) -> list[V]:
        if self._index is None and len(self._pairs) <= _FEW:
            return [value for name, value in self._pairs if name == key]
        return list(self._filed().get(key, ()))

    def __getitem__(self, key: K) -> V:
        if self._index is None and len(self._pairs) <= _FEW:
            for name, value in self._pairs:
                if name == key:
                    return value
            raise KeyError(key)
        return self._filed()[key][0]

    def get(self, key: K, default: Any = None) -> Any:
        """Return the first value of *key*, or *default* when there is none."""
        if self._index is None and len(self._pairs) <= _FEW:
            for name, value in self._pairs:
                if name == key:
                    return value
            return default
        values = self._filed().get(key)
        return default if values is None else values[0]

    def __contains__(self, key: object) -> bool:
        return cast("K", key) in self._filed()

    def __iter__(self) -> Iterator[K]:
        return iter(list(self._filed()))

    def __len__(self) -> int:
        return len(self._filed())

    def __setitem__(self, key: K, value: V) -> None:
        """Make *value* the only value of *key*; a known key keeps its place."""
        index = self._filed()
        if key not in index:
            self._pairs.append((key, value))
        else:
            place = next(i for i, (name, _) in enumerate(self._pairs) if name == key)
            self._pairs[place] = (key, value)
            if len(index[key]) > 1:
                tail = [pair for pair in self._pairs[place + 1 :] if pair[0] != key]
                self._pairs[place + 1 :] = tail
        index[key] = [value]

    def __delitem__(self, key: K) -> None:
        del self._filed()[key]
        self._pairs = [pair for pair in self._pairs if pair[0] != key]

    def clear(self) -> None:
        """Remove everything."""
        self._pairs, self._index = [], None

    def add(self, key: K, value: V) -> None:
        """Add a value to those that *key* has.

        >>> d = MultiDict(a=1); d.add("a", 2); d.getlist("a")
        [1, 2]
        """
        self._pairs.append((key, value))
        if self._index is not None:
            self._index.setdefault(key, []).append(value)

    def extend(self, *args: Any, **kwargs: Any) -> None:
        """Add values from dictionaries, pairs or keywords; those that are there stay.

        >>> d = MultiDict(a=1); d.extend({"a": 2}, b=3); d.allitems()
        [('a', 1), ('a', 2), ('b', 3)]
        """
        for arg in (*args, kwargs):
            for key, value in _pairs_of(arg):
                self.add(key, value)

    def update(self, *args: Any, **kwargs: Any) -> None:
        """Take over all values of each given key in place of those that it had.

        >>> d = MultiDict([("a", 1), ("a", 2), ("b", 3)])
        >>> d.update([("a", 4), ("a", 5)]); d.listitems()
        [('a', [4, 5]), ('b', [3])]
        """
        fresh: MultiDict[K, V] = MultiDict()
        fresh.extend(*args, **kwargs)
        index = self._filed()
        for key, values in fresh._filed().items():
            index[key] = values
        self._pairs = [(key, value) for key, values in index.items() for value in values]
        self._index = None

    def pop(self, key: K, default: Any = _NOTHING) -> Any:
        """Remove *key* with all its values and return the first, or *default*.

        Raises KeyError when there is neither.

        >>> MultiDict([("a", 1), ("a", 2)]).pop("a")
        1
        """
        values = self._filed().get(key)
        if values is None:
            if default is _NOTHING:
                raise KeyError(key)
            return default
        del self[key]
        return values[0]

    def popitem(self) -> tuple[K, V]:
        """Remove the last key with all its values; return it with the first of them."""
        if not self._pairs:
            raise KeyError("the dictionary is empty")
        key = next(reversed(self._filed()))
        return key, self.pop(key)

    def copy(self) -> MultiDict[K, V]:
        """Make a dictionary of the same pairs."""
        return type(self).from_pairs(list(self._pairs))

    def allitems(self) -> list[tuple[K, V]]:
        """List every pair in order; a key appears once for each of its values."""
        return list(self._pairs)

    def listitems(self) -> list[tuple[K, list[V]]]:
        """List each key with the list of its values."""
        return [(key, list(values)) for key, values in self._filed().items()]

    def __eq__(self, other: object) -> bool:
        if isinstance(other, MultiDict):
            return self.listitems() == other.listitems()
        if isinstance(other, Mapping):
            return dict(self.items()) == dict(other)
        return NotImplemented

    __hash__ = None  # type: ignore[assignment]  # it can change

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self._pairs!r})"

    def __reduce__(self) -> tuple[Any, ...]:
        return type(self), (self._pairs,)


def _pairs_of(source: Any) -> Iterable[tuple[Any, Any]]:
    """The pairs of a MultiDict, of another mapping, or of an iterable of pairs."""
    if isinstance(source, MultiDict):
        return source.allitems()
    if isinstance(source, Mapping):
        return source.items()
    return ((key, value) for key, value in source)
