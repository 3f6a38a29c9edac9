"""The entry points of Paste Deploy.

>>> main({}, enabled="true", announce="no").options.keep
1000
"""

from tropea.core.paste import filter_factory
from tropea.inspector.middleware import InspectorMiddleware
from tropea.inspector.profiler import ProfilerMiddleware

main = filter_factory(InspectorMiddleware)
profiler = filter_factory(ProfilerMiddleware, "profiler")
