"""Look into an assembled application: which layers stand around what.

Our layers, and most others, keep what they wrap in an attribute.  What cannot be entered is
listed as such: nothing is guessed from closures.

>>> from tropea.core.layer import Layer
>>> def hello(environ, start_response): ...
>>> [node.name for node in chain_of(Layer(Layer(hello)))]
['tropea.core.layer.Layer', 'tropea.core.layer.Layer', '...hello']
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import MISSING, Field, dataclass, fields, is_dataclass
from functools import cache, partial
from typing import Any, NamedTuple

from tropea.core.redaction import Redactor

#: Where layers keep the application that they wrap, the usual name first.
INNER = ("app", "wsgi_app", "application", "_app", "wrap_app", "next_app")
#: Where composites keep several: a mapping or pairs of place to application, or a sequence.
BRANCHES = ("applications", "apps", "mounts")
_DEEPEST = 100


@dataclass(frozen=True)
class Node:
    """One application or layer, and what is inside it.

    name: dotted, as it would be imported.
    distribution, version: of the package that it comes from; empty where none is known.
    options: pairs of text, secrets hidden.
    inner: what it wraps: one pair of ``""`` and the node for a layer; a pair of place and node
        for each branch of a composite; nothing for an application, or for what cannot be entered.
    """

    app: Any
    name: str
    distribution: str
    version: str
    options: tuple[tuple[str, str], ...]
    inner: tuple[tuple[str, Node], ...]


def anatomy(app: Any) -> Node:
    """Take an assembled application apart, outermost first."""
    return _node(app, frozenset())


def chain_of(app: Any) -> list[Node]:
    """List the layers from the outermost to the application, as far as there is one way in."""
    node, found = anatomy(app), []
    while True:
        found.append(node)
        if len(node.inner) != 1:
            return found
        node = node.inner[0][1]


def _node(app: Any, seen: frozenset[int]) -> Node:
    app = unwrapped(app)
    inner: tuple[tuple[str, Node], ...] = ()
    if id(app) not in seen and len(seen) < _DEEPEST:  # an application may stand inside itself
        within = seen | {id(app)}
        inner = tuple((place, _node(branch, within)) for place, branch in _inside(app))
    name = dotted_name(app)
    distribution = distribution_of(name)
    return Node(app, name, distribution, _version(distribution), options_of(app), inner)


def unwrapped(app: Any) -> Any:
    """Enter what only stands for another application: a Stack, a bound ``wsgi_app``."""
    for _ in range(_DEEPEST):
        if type(app).__module__ == "tropea.core.stack":
            app = app.app
        elif getattr(app, "__name__", "") in {"wsgi_app", "__call__"} and hasattr(app, "__self__"):
            app = app.__self__
        else:
            break
    return app


def _inside(app: Any) -> Iterator[tuple[str, Any]]:
    return ((slot.place, slot.app) for slot in slots_of(app))


class Slot(NamedTuple):
    """Where an application keeps one that it wraps, and how to put another there."""

    place: str
    app: Any
    put: Callable[[Any], None]


def slots_of(app: Any) -> Iterator[Slot]:
    """Find what *app* wraps: the branches of a composite, then the one application of a layer."""
    own = _attributes(app)
    for name in BRANCHES:
        held = own.get(name)
        if isinstance(held, (list, dict)):
            keys = list(held) if isinstance(held, dict) else range(len(held))
            found = [_branch(held, key) for key in keys]
            if all(callable(slot.app) for slot in found):
                yield from found
    for name in INNER:
        inner = own.get(name)
        if callable(inner) and not isinstance(inner, type) and unwrapped(inner) is not app:
            names = [other for other in INNER if own.get(other) is inner]
            yield Slot("", inner, partial(_put, app, names))
            return


def _put(app: Any, names: list[str], inner: Any) -> None:
    """Put an application where the one before was held: any of the names may be the one called."""
    for name in names:
        setattr(app, name, inner)


def _branch(held: Any, key: Any) -> Slot:
    """Describe one branch of a mapping, of a list of applications, or of one of pairs."""
    item = held[key]
    if isinstance(held, list) and isinstance(item, tuple) and len(item) == 2:
        place, app = item  # Paste's map has (host, path) for a place
        text = "".join(filter(None, place)) if isinstance(place, tuple) else str(place)
        return Slot(text, app, lambda new: held.__setitem__(key, (place, new)))
    return Slot(str(key), item, partial(held.__setitem__, key))


def _attributes(app: Any) -> dict[str, Any]:
    """Read what may hold an application, running no property of a stranger."""
    found = dict(getattr(app, "__dict__", {}) if not isinstance(app, type) else {})
    for kind in type(app).__mro__:
        slots = kind.__dict__.get("__slots__", ())
        for name in (slots,) if isinstance(slots, str) else slots:
            if name in INNER or name in BRANCHES:
                found.setdefault(name, getattr(app, name, None))
    return found


def dotted_name(app: Any) -> str:
    """Name an application as it would be imported."""
    named = app if hasattr(app, "__qualname__") else type(app)
    if hasattr(named, "func"):
        named = named.func
    return f"{named.__module__}.{named.__qualname__}"


def distribution_of(name: str) -> str:
    """Name the distribution that a dotted name comes from; ``tropea-sessions`` of ours."""
    top, _, rest = name.partition(".")
    if top == "tropea" and rest:
        return f"tropea-{rest.partition('.')[0]}"
    found = tuple(dict.fromkeys(_distributions().get(top, [""])))
    return found[0] if len(found) == 1 else _owner(name, found)


@cache
def _owner(name: str, among: tuple[str, ...]) -> str:
    """Find which of several distributions that share a package has the module of a name."""
    from importlib.metadata import files

    parts = name.split(".")
    modules = ["/".join(parts[:end]) for end in range(2, len(parts) + 1)]
    paths = {f"{module}{ending}" for module in modules for ending in (".py", "/__init__.py")}
    owners = (one for one in among if any(str(file) in paths for file in files(one) or ()))
    return next(owners, among[0])


@cache
def _distributions() -> Mapping[str, list[str]]:
    from importlib.metadata import packages_distributions  # slow to import, and seldom asked

    return packages_distributions()


@cache
def _version(distribution: str) -> str:
    from importlib.metadata import PackageNotFoundError, version

    try:
        return version(distribution) if distribution else ""
    except PackageNotFoundError:
        return ""


def options_of(app: Any) -> tuple[tuple[str, str], ...]:
    """Read the options of a layer that are not as they are by default, secrets hidden.

    Pairs of text; ours are read from their dataclass.
    """
    options = _attributes(app).get("options")
    if not is_dataclass(options) or isinstance(options, type):
        return ()
    redactor = Redactor()
    return tuple(
        (field.name, redactor.show(getattr(options, field.name), field.name, limit=200))
        for field in fields(options)
        if not _is_default(field, getattr(options, field.name))
    )


def _is_default(field: Field[Any], value: Any) -> bool:
    default = field.default
    if default is MISSING and field.default_factory is not MISSING:
        default = field.default_factory()
    return default is value or (type(default) is type(value) and bool(default == value))
