"""Patterns: which paths a route takes, what it reads from them, and the way back to a path.

Nothing here knows about WSGI: a path is decoded text, as ``PATH_INFO`` means it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, ClassVar

from .errors import PatternError, URLGenerationError
from .registry import CONVERTERS, Factory
from .segments import Composite, Segment
from .syntax import Parameter, Reader, Tokens

#: What a pattern reads from a path: values by name, or by number where they have none.
Groups = dict[Any, Any]


class Pattern:
    """A whole path, compiled from one of the two syntaxes.

    text: such as ``/recipes/<recipe>`` or ``/recipes/recipe_id:[0-9]+``.
    Raises PatternError for a text that cannot work.

    A subclass may replace :meth:`test` and :meth:`pathfor` and be used with ``matchpattern``.

    >>> pattern = Pattern("/recipes/<recipe>/page_:[0-9]+")
    >>> pattern.test("/recipes/toast/12")
    ((), {'recipe': 'toast', 'page_': '12'})
    >>> pattern.pathfor(recipe="beans on toast", page_=3)
    '/recipes/beans on toast/3'
    >>> pattern.test("/recipes/toast") is None
    True
    """

    #: The segments, where every parameter stays inside one; else None.
    segments: tuple[Segment, ...] | None = None
    #: Text that every matching path begins with.
    head: str = ""
    #: The first segment of every matching path, where there is but one; None where it varies.
    first: str | None = None
    parameters: tuple[Parameter, ...] = ()
    #: The literal texts and parameters in order.
    template: tuple[str | Parameter, ...] = ()
    text: str = ""
    ignorecase: bool = False
    #: Whether a subclass decides by itself which paths match.
    opaque: ClassVar[bool] = False

    def __init_subclass__(cls) -> None:
        cls.opaque = cls.test is not Pattern.test

    def __init__(
        self,
        text: str,
        *,
        registry: Mapping[str, Factory] = CONVERTERS,
        ignorecase: bool = False,
        hybrid: bool = True,
    ) -> None:
        self.text = text
        self.ignorecase = ignorecase
        try:
            self._compile(Reader(text, registry, hybrid=hybrid).segments())
        except PatternError as error:
            raise PatternError(f"pattern {text!r}: {error}") from None

    def _compile(self, segments: list[Tokens]) -> None:
        tokens = [token for segment in segments for token in (*segment, "/")][:-1]
        self.template = tuple(_joined(tokens))
        self.parameters = tuple(t for t in tokens if isinstance(t, Parameter))
        first = self.template[0] if self.template else ""
        self.head = first if isinstance(first, str) and not self.ignorecase else ""
        self.first = first_segment(self.head)
        if any(parameter.converter.crosses_slashes() for parameter in self.parameters):
            self._whole = Composite(self.template, self.ignorecase)
        else:
            self.segments = tuple(Segment(tokens, self.ignorecase) for tokens in segments)

    @property
    def keys(self) -> tuple[str | int, ...]:
        """The names of the parameters in order; numbers for those without a name."""
        return tuple(parameter.key for parameter in self.parameters)

    def groups(self, path: str) -> Groups | None:
        """Return what the parameters read from *path*, in their order, or None for no match."""
        if self.opaque:
            found = self.test(path)
            return None if found is None else {**dict(enumerate(found[0])), **found[1]}
        if self.segments is None:
            values = self._whole.read(path)
            return None if values is None else dict(zip(self.keys, values, strict=True))
        parts = path.split("/")
        if len(parts) != len(self.segments):
            return None
        found_: Groups = {}
        for segment, part in zip(self.segments, parts, strict=True):
            if segment.literal is not None:
                if segment.literal != part:
                    return None
            elif not segment.add(part, found_):
                return None
        return found_

    def test(self, path: str) -> tuple[tuple[Any, ...], dict[str, Any]] | None:
        """Return ``(positional, named)`` values of *path*, or None where it does not match."""
        found = self.groups(path)
        if found is None:
            return None
        positional = tuple(value for key, value in found.items() if isinstance(key, int))
        return positional, {key: v for key, v in found.items() if isinstance(key, str)}

    def pathfor(self, /, *args: Any, **kwargs: Any) -> str:
        """Return the decoded path with these values; URLGenerationError where they do not fit."""
        given: Groups = {**dict(enumerate(args)), **kwargs}
        extra = [str(key) for key in given if key not in self.keys]
        if extra:
            raise URLGenerationError(f"{self.text!r} has no place for {', '.join(extra)}")
        texts = {p.key: self._text(p, given) for p in self.parameters}
        path = "".join(t if isinstance(t, str) else texts[t.key] for t in self.template)
        if self._texts(path) != texts:
            shown = ", ".join(f"{key}={value!r}" for key, value in given.items())
            raise URLGenerationError(f"{self.text!r} does not match the path made of {shown}")
        return path

    def _text(self, parameter: Parameter, given: Groups) -> str:
        if given.get(parameter.key) is None:
            raise URLGenerationError(f"{self.text!r} lacks a value for {parameter.key}")
        try:
            return parameter.converter.to_string(given[parameter.key])
        except (TypeError, ValueError, KeyError) as error:
            raise URLGenerationError(f"{self.text!r}: {parameter.key}: {error}") from None

    def _texts(self, path: str) -> dict[str | int, str] | None:
        """Return the text that each parameter takes from *path*, or None where it is refused."""
        if self.groups(path) is None:
            return None
        if self.segments is None:
            return dict(zip(self.keys, self._whole.texts(path) or (), strict=False))
        found: dict[str | int, str] = {}
        # not strict: a test of one's own may take more segments than there are, or other text
        for segment, part in zip(self.segments, path.split("/"), strict=False):
            found.update(zip(segment.keys, segment.texts(part) or (), strict=False))
        return found

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.text!r})"


def first_segment(head: str) -> str | None:
    """Return the segment that *head* fixes, or None where it ends before the second slash.

    >>> first_segment("/path/"), first_segment("/pa") is None
    ('path', True)
    """
    parts = head.split("/", 2)
    return parts[1] if len(parts) == 3 and not parts[0] else None


def _joined(tokens: Iterable[str | Parameter]) -> list[str | Parameter]:
    """Join neighbouring literals."""
    out: list[str | Parameter] = []
    for token in tokens:
        if isinstance(token, str) and out and isinstance(out[-1], str):
            out[-1] += token
        else:
            out.append(token)
    return out


#: Pesto's name of the class.
ExtensiblePattern = Pattern
