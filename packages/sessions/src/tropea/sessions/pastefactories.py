"""Entry points for Paste Deploy: ``use = egg:tropea-sessions``."""

from __future__ import annotations

from tropea.core.paste import filter_factory
from tropea.sessions.bridges import BeakerBridge
from tropea.sessions.csrf import CSRFMiddleware
from tropea.sessions.middleware import SessionMiddleware

main = filter_factory(SessionMiddleware)
csrf = filter_factory(CSRFMiddleware, "csrf")
beaker = filter_factory(BeakerBridge, "beaker")
