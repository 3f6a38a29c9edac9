"""Apache's rewriting language: RewriteRule, RewriteCond, RewriteMap and what belongs to them."""

from tropea.rewrite.apache.reading import apache_rules, apache_rules_file
from tropea.rewrite.apache.ruleset import ApacheRules

__all__ = ["ApacheRules", "apache_rules", "apache_rules_file"]
