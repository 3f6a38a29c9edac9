r"""Read rules in Apache's language.

>>> rules = apache_rules(r"RewriteRule ^/blog/(\d+)$ /index.php?post=$1 [L,QSA]")
>>> rules.decide("/blog/7", "a=1", {})
Verdict(path='/index.php', query='post=7&a=1')
>>> apache_rules("RewriteRule ^/a /b [R=301,LL]")
Traceback (most recent call last):
...
tropea.rewrite.errors.RuleSyntaxError: <rules>:1:27: unknown flag 'LL'; did you mean 'L'?
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from time import time
from typing import Any, Literal

from tropea.core.errors import OptionError
from tropea.rewrite.apache.directives import Reader
from tropea.rewrite.apache.ruleset import ApacheRules
from tropea.rewrite.errors import RuleError


def apache_rules(
    text: str,
    context: Literal["server", "dir"] = "server",
    *,
    base: str | None = None,
    document_root: str | None = None,
    maps: Mapping[str, Any] | None = None,
    file: str = "<rules>",
    clock: Callable[[], float] = time,
) -> ApacheRules:
    """Read rules that stand in a server's configuration, or in a directory's own file.

    context: ``server``: patterns see the whole path; ``dir``: they see it without *base*.
    base: the URL of the directory, ``/`` where None.
    document_root: the folder that file tests look into; in a directory's context, there are no
        files where it is None.
    maps: mappings and functions for RewriteMap, by name; the text may define more, and a line of
        the same name is left out: so ``prg:`` and ``dbd:`` are replaced.
    file: a name for messages; files that RewriteMap names are looked up beside it.
    clock: seconds since 1970.
    Raises RuleSyntaxError with file, line and column; OptionError.
    """
    if context not in ("server", "dir"):
        raise OptionError(f"context: expected 'server' or 'dir', got {context!r}")
    url = base or "/"
    if not url.startswith("/"):
        raise OptionError(f"base: expected a path that starts with a slash, got {base!r}")
    reader = Reader(file, context=context, maps=maps or {})
    reader.read(text)
    return ApacheRules(
        reader.rules,
        context=context,
        base=url if url.endswith("/") else f"{url}/",
        rewrite_base=reader.rewrite_base,
        document_root=document_root,
        options=frozenset(reader.options),
        enabled=reader.enabled,
        ignored=reader.ignored,
        notes=reader.notes,
        clock=clock,
    )


def apache_rules_file(path: str | Path, **options: Any) -> ApacheRules:
    """Read a rule file; options are those of :func:`apache_rules`.

    Raises RuleError where the file cannot be read, RuleSyntaxError where it is wrong.
    """
    try:
        text = Path(path).read_text(encoding="utf-8", errors="surrogateescape")
    except OSError as error:
        raise RuleError(f"rules_file: {error}") from None
    return apache_rules(text, file=str(path), **options)
