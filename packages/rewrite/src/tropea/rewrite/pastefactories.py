"""Entry points for Paste Deploy."""

from __future__ import annotations

from tropea.core.paste import filter_factory
from tropea.rewrite.middleware import RewriteMiddleware

#: ``use = egg:tropea-rewrite``
filter_main = filter_factory(RewriteMiddleware)
