"""The environ keys that more than one package meets.

Keys that belong to one package alone are spelled there, as ``tropea.<package>.<name>``.
"""

from typing import Final

REQUEST: Final = "tropea.request"  #: weak reference to the one Request: see Request.of
SESSION: Final = "tropea.session"  #: the session of this request
CACHE: Final = "tropea.cache"  #: the cache object of this request
ROUTE: Final = "tropea.route"  #: the route that matched
USER: Final = "tropea.user"  #: who the request was authenticated as
API: Final = "tropea.api"  #: the validated and unmarshalled API request
STATE: Final = "tropea.state"  #: values that layers and handlers share for one request
TRACE: Final = "tropea.trace"  #: where a layer says what it decided, when somebody listens
ROUTING_ARGS: Final = "wsgiorg.routing_args"  #: ``(positional, named)`` of the matched route
