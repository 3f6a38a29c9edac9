"""The entry points of Paste Deploy.

>>> layer = main({}, reports_per_minute="5")
>>> layer.options.reports_per_minute
5
"""

from tropea.core.paste import filter_factory
from tropea.errors.debug import DebugMiddleware
from tropea.errors.maintenance import MaintenanceMiddleware
from tropea.errors.middleware import ErrorMiddleware
from tropea.errors.redirecting import StatusRedirectMiddleware

main = filter_factory(ErrorMiddleware)
status = filter_factory(StatusRedirectMiddleware, "status")
debug = filter_factory(DebugMiddleware, "debug")
maintenance = filter_factory(MaintenanceMiddleware, "maintenance")
