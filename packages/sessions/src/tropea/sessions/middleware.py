"""The session layer: give every request a session, and make its changes durable in time.

An untouched session costs one object and one closure; its cookie is not even looked for.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from time import monotonic
from typing import Any, ClassVar
from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

from tropea.core.closing import close
from tropea.core.fields import Fields
from tropea.core.keys import SESSION
from tropea.core.layer import Layer
from tropea.core.stores import StoreError
from tropea.sessions.building import build_backend
from tropea.sessions.headers import marked_private
from tropea.sessions.mapping import COMMITTED, FAILED, OPEN, SENT, UNTOUCHED, Session
from tropea.sessions.options import SessionOptions
from tropea.sessions.querystring import redirect_with_id
from tropea.sessions.refusing import Unstarted, refuse
from tropea.sessions.reporting import Seldom
from tropea.sessions.surroundings import Surroundings


class SessionMiddleware(Layer):
    """Keep data between the requests of one client: ``SessionMiddleware(app, store, …)``.

    The first option is the store, an object or an address such as ``sqlite:///var/sessions.db``;
    ``SessionOptions`` lists the others.

    >>> from tropea.sessions import MemoryStore
    >>> def app(environ, start_response):
    ...     environ["tropea.session"]["n"] = 1
    ...     start_response("200 OK", [])
    ...     return [b""]
    >>> layer = SessionMiddleware(app, MemoryStore())
    >>> layer.options.samesite
    'Lax'
    """

    Options = SessionOptions
    kind: ClassVar[str] = "session"
    provides: ClassVar[tuple[str, ...]] = (SESSION,)
    inside: ClassVar[tuple[str, ...]] = ("http-cache", "conditional", "compression", "errors")
    outside: ClassVar[tuple[str, ...]] = ("auth", "dispatch")

    options: SessionOptions

    def prepare(self) -> None:
        """Build the backend: what start-up can decide is decided here."""
        options = self.options
        self.store = options.store
        self.backend = build_backend(options)
        self._key = options.environ_key
        self._in_query = options.persist == "querystring"
        self._source = "QUERY_STRING" if self._in_query else "HTTP_COOKIE"
        self._refuses = options.on_store_error != "raise"
        self._surroundings = Surroundings(options)
        self._report = Seldom()

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        get = environ.get
        session = environ[self._key] = Session()
        session.layer = self
        session.header = get(self._source, "")
        session.mount = get("SCRIPT_NAME", "")
        session.scheme = get("wsgi.url_scheme", "http")
        session.phase = UNTOUCHED

        # This function is made anew for every request: each name that it takes from here costs.
        def start(status: str, headers: Fields, exc_info: Any = None) -> Callable[[bytes], object]:
            if session.phase:
                headers = session.layer.finish(session, headers, environ)
            else:
                session.phase = SENT
            if exc_info is None:
                return start_response(status, headers)
            try:
                return start_response(status, headers, exc_info)
            finally:
                exc_info = None  # no cycle through this frame

        try:
            if self._in_query and (where := redirect_with_id(environ, session)):
                start("302 Found", where)
                return []
            body = self.call_app(environ, start)
        except StoreError as error:
            touched = session.phase >= OPEN or session.phase == FAILED
            if self._refuses and touched and error is session.failure:
                return self._refuse(error, environ, start_response)
            raise
        if session.phase == SENT or not self._refuses:
            return body
        if session.phase == COMMITTED:
            return body
        if session.phase == FAILED:
            close(body)
            assert session.failure is not None
            return self._refuse(session.failure, environ, start_response)
        return Unstarted(body, session, lambda e: self._refuse(e, environ, start_response))

    def finish(self, session: Session, headers: Fields, environ: WSGIEnvironment) -> Fields:
        """Commit a session that was touched; return the head's fields with what that adds."""
        phase = session.phase
        if phase == OPEN:
            try:
                session.fields = self.backend.commit(session)
            except StoreError as error:
                session.failure, session.phase = error, FAILED
                raise
            session.phase = COMMITTED
            if monotonic() >= self._surroundings.due:
                self._surroundings.notice(environ)
            if session.fields:
                self._surroundings.notice_cookie(environ, session)
        elif phase == SENT:
            return headers
        elif phase == FAILED and self._refuses:
            assert session.failure is not None
            raise session.failure  # whatever the application answered, it had no session
        headers = marked_private(headers)
        if phase != FAILED:
            headers += session.fields
        return headers

    def _refuse(
        self, error: Exception, environ: WSGIEnvironment, start_response: StartResponse
    ) -> Iterable[bytes]:
        self._report("a request was answered with 503 for its session: %s", error)
        return refuse(error, environ, start_response)


def session_middleware(
    store: Any, **options: Any
) -> Callable[[WSGIApplication], SessionMiddleware]:
    """Return the session layer as a function that wraps an application.

    store: a store, or its address.  Every option of ``SessionOptions`` is taken, and Pesto's
    names of the cookie's: ``cookie_name``, ``cookie_path``, ``cookie_domain``.

    >>> from tropea.sessions import MemorySessionManager
    >>> wrap = session_middleware(MemorySessionManager(), auto_purge_every=600,
    ...                           auto_purge_olderthan=1800)
    >>> wrap.options.idle_timeout
    1800
    """
    for name in ("name", "path", "domain"):
        if f"cookie_{name}" in options:
            options[name] = options.pop(f"cookie_{name}")
    return SessionMiddleware.layer(store, **options)
