"""Error pages, status redirects, a debug page and maintenance mode as WSGI middleware.

>>> from tropea.core import pipeline
>>> def broken(environ, start_response):
...     raise ValueError("the password is hunter2")
>>> app = pipeline(ErrorMiddleware.layer(), broken)
"""

from tropea.errors.debug import DebugMiddleware
from tropea.errors.keys import ORIGINAL, REQUEST_ID
from tropea.errors.maintenance import MaintenanceMiddleware
from tropea.errors.middleware import ErrorMiddleware, error_middleware
from tropea.errors.redirecting import Original, StatusRedirectMiddleware
from tropea.errors.registry import Registry
from tropea.errors.reporters import Mail, log_error, sentry
from tropea.errors.reports import Report
from tropea.errors.statuspages import StatusHandlerMiddleware, status_handler

__all__ = [
    "ORIGINAL",
    "REQUEST_ID",
    "DebugMiddleware",
    "ErrorMiddleware",
    "Mail",
    "MaintenanceMiddleware",
    "Original",
    "Registry",
    "Report",
    "StatusHandlerMiddleware",
    "StatusRedirectMiddleware",
    "error_middleware",
    "log_error",
    "sentry",
    "status_handler",
]
