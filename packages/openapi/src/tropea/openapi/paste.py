"""The entry point of Paste Deploy.

>>> main({}, spec="api.json", responses="log").options.responses
'log'
"""

from tropea.core.paste import filter_factory
from tropea.openapi.middleware import OpenAPIMiddleware

main = filter_factory(OpenAPIMiddleware)
