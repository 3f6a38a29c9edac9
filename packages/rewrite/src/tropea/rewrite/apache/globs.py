r"""File-name patterns, as ``-strmatch`` and ``-fnmatch`` of Apache's expressions have them.

>>> matches("*.t[!a]t", "a/b.txt"), matches("*.txt", "a/b.txt", path=True), matches(r"\*", "x")
(True, False, False)
"""

from __future__ import annotations

import re

_TOKEN = re.compile(r"\[([!^]?)(\]?(?:\\.|[^\]\\])*)\]|\\(.)|(.)", re.DOTALL)
_IN_SET = re.compile(r"(?:\\(.)|(.))(?:-(?:\\(.)|([^\]])))?", re.DOTALL)

#: One step of a pattern: the ranges of characters that it takes, and whether it takes the others.
Step = tuple[list[tuple[str, str]], bool]


def matches(pattern: str, text: str, *, path: bool = False) -> bool:
    """Tell whether the whole of *text* is what *pattern* describes.

    path: whether ``*``, ``?`` and sets stop at slashes.
    """
    if not path:
        return _matches(_steps(pattern), text)
    patterns, texts = pattern.split("/"), text.split("/")
    return len(patterns) == len(texts) and all(
        _matches(_steps(one), other) for one, other in zip(patterns, texts, strict=True)
    )


def _steps(pattern: str) -> list[Step | None]:
    """Read a pattern; None stands for ``*``."""
    steps: list[Step | None] = []
    for found in _TOKEN.finditer(pattern):
        negated, inside, escaped, plain = found.groups()
        if inside is not None:
            steps.append((_ranges(inside), bool(negated)))
        elif plain == "*":
            steps.append(None)
        else:
            letter = escaped or plain
            steps.append(([], True) if plain == "?" else ([(letter, letter)], False))
    return steps


def _ranges(inside: str) -> list[tuple[str, str]]:
    ranges = []
    for found in _IN_SET.finditer(inside):
        first = found[1] or found[2]
        ranges.append((first, found[3] or found[4] or first))
    return ranges


def _matches(steps: list[Step | None], text: str) -> bool:
    """Walk over both; where a step fails, the last ``*`` takes one character more."""
    at = step = 0
    star, tried = -1, 0
    while at < len(text):
        if step < len(steps) and steps[step] is None:
            star, tried = step, at
            step += 1
        elif step < len(steps) and _takes(steps[step], text[at]):
            at, step = at + 1, step + 1
        elif star >= 0:
            tried += 1
            at, step = tried, star + 1
        else:
            return False
    return all(left is None for left in steps[step:])


def _takes(step: Step | None, letter: str) -> bool:
    assert step is not None
    ranges, others = step
    return any(first <= letter <= last for first, last in ranges) is not others
