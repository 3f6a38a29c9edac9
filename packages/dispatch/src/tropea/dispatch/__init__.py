"""Map URL paths and methods to handlers, and handlers back to URLs, for any WSGI application."""

from __future__ import annotations

from .converters import Converter, register_converter
from .declining import Declined, declined
from .dispatcher import Dispatcher, DispatcherApp, dispatcher_app
from .errors import DispatchError, PatternError, RouteError, URLGenerationError
from .patterns import ExtensiblePattern, Pattern
from .rawpatterns import RegexPattern
from .routes import Route
from .urls import urlfor

# Both spellings and the names of earlier releases of Pesto.
despatcher_app = dispatcher_app
dispatcher = despatcher = dispatcher_app
urldispatcher = urldespatcher = dispatcher_app

__all__ = [
    "Converter",
    "Declined",
    "DispatchError",
    "Dispatcher",
    "DispatcherApp",
    "ExtensiblePattern",
    "Pattern",
    "PatternError",
    "RegexPattern",
    "Route",
    "RouteError",
    "URLGenerationError",
    "declined",
    "despatcher",
    "despatcher_app",
    "dispatcher",
    "dispatcher_app",
    "register_converter",
    "urldespatcher",
    "urldispatcher",
    "urlfor",
]
