"""Every layer of this package keeps the contract of WSGI middleware."""

from tropea.core.testing import LayerContract
from tropea.errors import paste
from tropea.errors import (
    DebugMiddleware,
    ErrorMiddleware,
    MaintenanceMiddleware,
    StatusRedirectMiddleware,
    status_handler,
)


class TestErrorMiddleware(LayerContract):
    catches_errors = True
    paste_factory = paste.main

    def make_layer(self, app):
        return ErrorMiddleware(app, reporters=(lambda report: None,))


class TestStatusRedirectMiddleware(LayerContract):
    paste_factory = paste.status
    paste_options = {"statuses": "404 500"}

    def make_layer(self, app):
        return StatusRedirectMiddleware(app)


class TestStatusHandler(LayerContract):
    def make_layer(self, app):
        return status_handler(404, lambda request: "nothing")(app)


class TestMaintenanceMiddleware(LayerContract):
    def make_layer(self, app):
        return MaintenanceMiddleware(app, lambda environ: False)


class TestDebugMiddlewareForStrangers(LayerContract):
    def make_layer(self, app):
        return DebugMiddleware(app, enabled=True, announce=False)
