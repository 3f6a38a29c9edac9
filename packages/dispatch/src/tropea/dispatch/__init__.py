"""Map URL paths and methods to handlers, and handlers back to URLs, for any WSGI application."""

from __future__ import annotations

from tropea.core.methods import (
    METHOD_ALL,
    METHOD_CONNECT,
    METHOD_DELETE,
    METHOD_GET,
    METHOD_GET_POST,
    METHOD_HEAD,
    METHOD_OPTIONS,
    METHOD_PATCH,
    METHOD_POST,
    METHOD_PUT,
    METHOD_TRACE,
)

from .annotating import RoutesMiddleware
from .application import Application
from .cascade import Cascade
from .controllers import Controller, ControllerApp
from .converters import Converter, RegexConverter
from .declining import Declined, declined
from .dispatcher import Dispatcher, DispatcherApp, dispatcher_app
from .errors import DispatchError, PatternError, RouteError, URLGenerationError
from .kinds import EnumConverter
from .patterns import ExtensiblePattern, Pattern
from .rawpatterns import RegexPattern
from .registry import register_converter
from .resources import connect, resource
from .routes import Route
from .urls import urlfor
from .websockets import is_websocket, websocket

# Both spellings, and the names of earlier releases of Pesto.
despatcher_app = dispatcher_app
despatcher = dispatcher_app
urldispatcher = urldespatcher = dispatcher_app

__all__ = [
    "METHOD_ALL",
    "METHOD_CONNECT",
    "METHOD_DELETE",
    "METHOD_GET",
    "METHOD_GET_POST",
    "METHOD_HEAD",
    "METHOD_OPTIONS",
    "METHOD_PATCH",
    "METHOD_POST",
    "METHOD_PUT",
    "METHOD_TRACE",
    "Application",
    "Cascade",
    "Controller",
    "ControllerApp",
    "Converter",
    "Declined",
    "DispatchError",
    "Dispatcher",
    "DispatcherApp",
    "EnumConverter",
    "ExtensiblePattern",
    "Pattern",
    "PatternError",
    "RegexConverter",
    "RegexPattern",
    "Route",
    "RouteError",
    "RoutesMiddleware",
    "URLGenerationError",
    "connect",
    "declined",
    "despatcher",
    "despatcher_app",
    "dispatcher_app",
    "is_websocket",
    "register_converter",
    "resource",
    "urldespatcher",
    "urldispatcher",
    "urlfor",
    "websocket",
]
