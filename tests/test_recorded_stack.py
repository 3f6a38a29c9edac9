"""The stack that was recorded with Pesto 25: a session around entity tags around a dispatcher."""

from __future__ import annotations

from tropea.caching import etag_middleware, with_etag
from tropea.core import Response
from tropea.core.testing import TestApp
from tropea.dispatch import dispatcher_app
from tropea.sessions import MemorySessionManager, session_middleware


def test_session_etag_dispatch_answers_as_recorded_but_for_a_cookie_that_nobody_needs() -> None:
    """Pesto set its cookie on every answer; ours is set when something was written."""
    dispatcher = dispatcher_app()

    @dispatcher.match("/", "GET")
    @with_etag(lambda request: str(request.session.get("v", 0)))
    def show(request):
        return Response([f"v={request.session.get('v', 0)}"])

    @dispatcher.match("/", "POST")
    def add(request):
        request.session["v"] = request.session.get("v", 0) + 1
        return "added"

    site = TestApp(session_middleware(MemorySessionManager())(etag_middleware(dispatcher)))
    first = site.get()
    assert (first.status, first.body, first.headers["ETag"]) == ("200 OK", b"v=0", '"0"')
    assert "Set-Cookie" not in first.headers
    assert "HttpOnly" in site.post().headers["Set-Cookie"]
    assert site.get(HTTP_IF_NONE_MATCH='"0"').body == b"v=1"
    assert site.get(HTTP_IF_NONE_MATCH='"1"').status_code == 304
