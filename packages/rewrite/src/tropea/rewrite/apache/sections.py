"""Which lines of a rule file count: those in sections that this engine is for."""

from __future__ import annotations

from tropea.rewrite.apache.foreign import IGNORED_SECTIONS
from tropea.rewrite.apache.lines import Directive

_MODULES = ("mod_rewrite.c", "rewrite_module")
#: Sections whose content may be left out without a word.
_TESTED = frozenset(("ifmodule", "ifdefine", "ifversion"))


class Sections:
    """The sections that are open at a line."""

    def __init__(self) -> None:
        #: For each: its name, whether its content counts, and its line.
        self._open: list[tuple[str, bool, Directive]] = []

    @property
    def count(self) -> bool:
        """Whether what stands here counts."""
        return all(counts for _, counts, _ in self._open)

    @property
    def left_out(self) -> str:
        """The outermost section whose content does not count, as it was opened."""
        return next((opened.text for _, counts, opened in self._open if not counts), "")

    def follow(self, directive: Directive) -> None:
        """Open or close a section; raise RuleSyntaxError."""
        name = directive.name.lstrip("</")
        if directive.text.startswith("</"):
            if not self._open or self._open[-1][0].lower() != name.lower():
                raise directive.error(f"</{name}> closes nothing")
            self._open.pop()
            return
        if not directive.text.endswith(">"):
            raise directive.error("a section's line ends with '>'", len(directive.text))
        argument = directive.text.partition(" ")[2].rstrip("> \t").strip()
        self._open.append((name, _counts(name, argument, directive), directive))

    def check_left_out(self, directive: Directive) -> None:
        """Raise RuleSyntaxError where a rule would be left out that somebody counts on."""
        name = self._open[-1][0]
        if name.lower() not in _TESTED:
            raise directive.error(f"{directive.name} has no meaning here inside <{name}>")

    def check_closed(self) -> None:
        """Raise RuleSyntaxError where a section is open at the end."""
        if self._open:
            name, _, opened = self._open[-1]
            raise opened.error(f"<{name}> is never closed")


def _counts(name: str, argument: str, directive: Directive) -> bool:
    low = name.lower()
    if low == "ifmodule":
        wanted = argument.lstrip("!").strip().lower() in _MODULES
        return wanted is not argument.startswith("!")
    if low == "ifversion":
        return True
    if low == "ifdefine":
        return argument.startswith("!")
    if low in IGNORED_SECTIONS:
        return False
    raise directive.error(f"the section <{name}> is not for rules here")
