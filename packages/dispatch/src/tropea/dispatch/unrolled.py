"""The tables of a tuple space as one function, with every probe written out.

The source is made of fixed words and the numbers of positions; texts, names and routes reach it
as objects.
"""

from __future__ import annotations

from collections.abc import Callable
from operator import itemgetter
from typing import Any

from .converters import NO
from .tuplespace import Leaves, Shape, TupleSpace
from .walk import NOTHING, RouteIndex

Match = Callable[..., Any]


def compile_match(index: RouteIndex, walk: Match) -> Match:
    """Return ``match(path, method, environ=None)``, which answers as ``index.walk`` does.

    walk: what is asked where a leaf is not certain, usually ``index.walk`` behind a cache.
    """
    space = TupleSpace(index)
    names: dict[str, Any] = {"walk": walk, "nothing": NOTHING, "NO": NO}
    names["static_get"] = space.static.get
    source = Source(space, names).text()
    # Only numbers and fixed words are in the source: no text of a pattern ever gets there.
    exec(compile(source, "<route table>", "exec"), names)  # noqa: S102
    match: Match = names["match"]
    match.__doc__ = "Return the first match; made from a route table."
    return match


class Source:
    """The probes of a tuple space, written out as one function."""

    def __init__(self, space: TupleSpace, names: dict[str, Any]) -> None:
        self.space, self.names = space, names
        #: What is left when no table knows the path: nothing, or routes over many segments.
        self.rest = "walk(path, method, environ)" if space.index.spanning else "nothing"

    def text(self) -> str:
        lines = [
            "def match(path, method, environ=None):",
            "    leaf = static_get(path)",
            "    if leaf is not None:",
            "        route = leaf.get(method)",
            "        if route is not None: return route, {}",
            "        return leaf.get(None) or walk(path, method, environ)",
        ]
        if self.space.tails:
            lines += self._tails()
        if self.space.shapes:
            lines += ["    parts = path.split('/')", "    n = len(parts)"]
            for size, tables in sorted(self.space.shapes.items()):
                lines += self._size(size, tables)
        return "\n".join([*lines, f"    return {self.rest}", ""])

    def _tails(self) -> list[str]:
        self.names["tails_get"] = self.space.tails.get
        return [
            "    head, _, tail = path.rpartition('/')",
            "    leaf = tails_get(head)",
            "    if leaf is not None:",
            "        if tail:",
            "            found = leaf.get(method)",
            "            if found is not None:",
            "                route, name, read = found",
            "                if read is None: return route, {name: tail}",
            "                found = read(tail)",
            "                if name is None:",
            "                    if found is not None: return route, found",
            "                elif found is not NO: return route, {name: found}",
            "            else:",
            "                found = leaf.get(None)",
            "                if found is not None: return found",
            "        return walk(path, method, environ)",
        ]

    def _size(self, size: int, tables: list[tuple[Shape, Leaves]]) -> list[str]:
        places = ", ".join(f"p{at}" for at in range(size))
        lines = [
            f"    if n == {size}:",
            f"        {places} = parts",
            "        if p0: return walk(path, method, environ)",
        ]
        for shape, table in tables:
            free = [at for at in range(1, size) if at not in shape]
            groups = ", ".join(f"n{at}: p{at}" for at in free)
            lines += [
                f"        leaf = {self._probe(size, shape, table)}",
                "        if leaf is not None:",
                f"            if {' and '.join(f'p{at}' for at in free)}:",
                "                found = leaf.get(method)",
                "                if found is not None:",
                f"                    route, read, {', '.join(f'n{at}' for at in free)} = found",
                f"                    if read is None: return route, {{{groups}}}",
                "                    found = read(parts)",
                "                    if found is not None: return route, found",
                "                else:",
                "                    found = leaf.get(None)",
                "                    if found is not None: return found",
                "            return walk(path, method, environ)",
            ]
        return [*lines, f"        return {self.rest}"]

    def _probe(self, size: int, shape: Shape, table: Leaves) -> str:
        """Return the source of a look into *table*: a text that all its keys share is compared.

        That takes a fraction of what hashing it takes.
        """
        label = f"{size}_{'_'.join(map(str, shape))}"
        columns = [set(column) for column in zip(*table, strict=True)]
        varying = [i for i, texts in enumerate(columns) if len(texts) > 1]
        keyed = varying or [*range(len(shape))][-1:]
        key_of = itemgetter(*keyed) if keyed else tuple
        self.names[f"get{label}"] = {key_of(texts): leaf for texts, leaf in table.items()}.get
        probe = f"get{label}(({', '.join(f'p{shape[i]}' for i in keyed)}))"
        shared = []
        for i, at in enumerate(shape):
            if i not in keyed:
                (self.names[f"text{label}_{at}"],) = columns[i]
                shared.append(f"p{at} == text{label}_{at}")
        return f"{probe} if {' and '.join(shared)} else None" if shared else probe
