"""URL rewriting and redirects as WSGI middleware, in Python or in Apache's mod_rewrite language."""

from tropea.rewrite.apache import ApacheRules, apache_rules, apache_rules_file
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
