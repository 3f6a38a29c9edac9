"""A hit counter whose picture a browser may keep for seven hits.

The weak entity tag changes at every seventh hit.  The body begins with an empty block, so that the
conditional layer can answer 304 before anything is drawn.

Run it with ``python hitcounter.py`` and load http://127.0.0.1:8000/ a few times.
"""

from itertools import count
from wsgiref.simple_server import make_server

from tropea.caching import etag_middleware, with_etag
from tropea.core import Response, to_wsgi


class HitCounter:
    """Counts how often its picture was asked for."""

    def __init__(self):
        self.hits = count(1)  # next() of it is atomic: one number a request, in every thread
        self.latest = 0
        self.drawn = 0

    def seventh(self, request):
        """Return what the entity tag is made of: it is asked before the hit is counted."""
        return self.latest // 7

    @with_etag(seventh, weak=True)
    def counter(self, request):
        """Count the hit, and answer a picture that is not drawn yet."""
        self.latest = hit = next(self.hits)
        return Response(
            self.picture(hit), content_type="image/svg+xml", cache_control="no-cache"
        )

    def picture(self, hit):
        yield ""
        self.drawn += 1
        yield (
            '<svg xmlns="http://www.w3.org/2000/svg" width="80" height="40">'
            '<rect width="80" height="40" rx="8" fill="#8d2158"/>'
            '<text x="40" y="27" font-size="20" font-family="monospace" fill="#fff" '
            f'text-anchor="middle">{hit}</text></svg>'
        )


hit_counter = HitCounter()
application = etag_middleware(to_wsgi(hit_counter.counter))

if __name__ == "__main__":
    with make_server("127.0.0.1", 8000, application) as server:
        server.serve_forever()
