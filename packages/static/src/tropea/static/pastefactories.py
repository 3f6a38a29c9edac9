"""Paste Deploy entry points: ``use = egg:tropea-static`` as a filter and as an application."""

from __future__ import annotations

from tropea.core.paste import app_factory, filter_factory
from tropea.static.middleware import StaticMiddleware
from tropea.static.options import StaticOptions
from tropea.static.server import static_server

filter_main = filter_factory(StaticMiddleware)
app_main = app_factory(static_server, StaticOptions, egg="tropea-static")
