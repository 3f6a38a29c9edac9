"""Find the path template of a description that a path belongs to.

Templates are filed by their number of segments and by the places of those without parameters, so
that a path costs one look-up for each shape that the description has, and not one for each
template.

Source: OpenAPI 3.1.1 section 4.8.8.2 (path templating: concrete before templated).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping

_NAME = re.compile(r"\{([^{}/]+)\}")


class Template:
    """One path of a description, such as ``/pets/{id}`` or ``/report.{format}``.

    >>> Template("/pets/{id}").read(["", "pets", "7"])
    {'id': '7'}
    """

    def __init__(self, text: str) -> None:
        self.text = text
        self.segments = text.split("/")
        self.names = tuple(_NAME.findall(text))
        self.fixed = tuple(i for i, part in enumerate(self.segments) if not _NAME.search(part))
        self._reads = [
            (place, _compile(part)) for place, part in enumerate(self.segments) if "{" in part
        ]

    def read(self, parts: list[str]) -> dict[str, str] | None:
        """Return the text of each parameter; None where the path is another's."""
        found: dict[str, str] = {}
        for place, reader in self._reads:
            part = parts[place]
            if isinstance(reader, str):
                if not part:
                    return None
                found[reader] = part
            elif (values := reader.read(part)) is None:
                return None
            else:
                found.update(values)
        return found


class _Mixed:
    """A segment of text and parameters; each parameter ends where the next text begins.

    No regular expression: two wildcards in one would take quadratic time on a hostile segment.
    """

    def __init__(self, segment: str) -> None:
        pieces = _NAME.split(segment)
        self.head, self.names, self.texts = pieces[0], pieces[1::2], pieces[2::2]

    def read(self, part: str) -> dict[str, str] | None:
        if not part.startswith(self.head):
            return None
        place, found = len(self.head), {}
        for number, (name, text) in enumerate(zip(self.names, self.texts, strict=True), 1):
            if number == len(self.names):
                end = len(part) - len(text) if part.endswith(text) else -1
            else:
                end = part.find(text, place + 1) if text else place + 1
            if end <= place:
                return None
            found[name] = part[place:end]
            place = end + len(text)
        return found


def _compile(segment: str) -> str | _Mixed:
    whole = _NAME.fullmatch(segment)
    return whole[1] if whole else _Mixed(segment)


class Templates:
    """The templates of a description.

    >>> templates = Templates(["/pets", "/pets/{id}", "/pets/mine"])
    >>> [(t.text, values) for t, values in templates.find("/pets/mine")]
    [('/pets/mine', {}), ('/pets/{id}', {'id': 'mine'})]
    """

    def __init__(self, texts: Iterable[str]) -> None:
        shapes: dict[int, dict[tuple[int, ...], dict[tuple[str, ...], list[Template]]]] = {}
        for text in texts:
            template = Template(text)
            by_shape = shapes.setdefault(len(template.segments), {})
            key = tuple(template.segments[place] for place in template.fixed)
            by_shape.setdefault(template.fixed, {}).setdefault(key, []).append(template)
        # The more that is fixed, and the further to the left, the more concrete.
        self._shapes = {
            length: sorted(found.items(), key=lambda item: (-len(item[0]), item[0]))
            for length, found in shapes.items()
        }

    def find(self, path: str) -> Iterator[tuple[Template, Mapping[str, str]]]:
        """Yield every template that *path* belongs to, the most concrete first."""
        count = path.count("/") + 1
        shapes = self._shapes.get(count)
        if shapes is None:
            return
        parts = path.split("/")
        for places, known in shapes:
            for template in known.get(tuple(parts[place] for place in places), ()):
                values = template.read(parts)
                if values is not None:
                    yield template, values
