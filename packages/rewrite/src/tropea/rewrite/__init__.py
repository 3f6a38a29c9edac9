"""URL rewriting and redirects as WSGI middleware, in Python or in Apache's mod_rewrite language."""

from typing import TYPE_CHECKING, Any

from tropea.rewrite.errors import (
    PatternError,
    RewriteError,
    RuleError,
    RuleSyntaxError,
    RunawayPatternWarning,
)
from tropea.rewrite.middleware import RewriteMiddleware, urlrewriter
from tropea.rewrite.rules import Rule, RuleList
from tropea.rewrite.verdicts import Verdict

if TYPE_CHECKING:
    from tropea.rewrite.apache import ApacheRules, apache_rules, apache_rules_file

__all__ = [
    "ApacheRules",
    "PatternError",
    "RewriteError",
    "RewriteMiddleware",
    "Rule",
    "RuleError",
    "RuleList",
    "RuleSyntaxError",
    "RunawayPatternWarning",
    "Verdict",
    "apache_rules",
    "apache_rules_file",
    "urlrewriter",
]

#: Apache's language takes as long to import as all the rest: only who writes it waits for it.
_APACHE = ("ApacheRules", "apache_rules", "apache_rules_file")


def __getattr__(name: str) -> Any:
    if name not in _APACHE:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from tropea.rewrite import apache

    value = globals()[name] = getattr(apache, name)
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *_APACHE})
