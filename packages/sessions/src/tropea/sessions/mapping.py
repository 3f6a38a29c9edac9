"""The session of one request: a mapping that is opened when somebody looks into it.

The attributes below ``Session`` that are not documented as the application's belong to the
layer and to the backend (``serverside``, ``clientside``), which fill them in ``open``.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, MutableMapping
from hmac import compare_digest
from secrets import token_urlsafe
from typing import TYPE_CHECKING, Any, Protocol, TypeVar

from tropea.sessions.errors import SessionCommitted
from tropea.sessions.ids import new_id

if TYPE_CHECKING:
    from wsgiref.types import WSGIEnvironment

    from tropea.core.fields import Fields
    from tropea.sessions.codecs import Codec
    from tropea.sessions.records import Origin

log = logging.getLogger("tropea.sessions")
T = TypeVar("T")

#: The phases of a session, in this order: what is below OPEN has no data yet.
FAILED, UNTOUCHED, SENT, OPEN, COMMITTED = -1, 0, 1, 2, 3

_FLASH = "_f_"  # the keys that Pyramid's sessions use
_CSRF = "_csrft_"


class Writer(Protocol):
    """Finds what the client holds, and says what it shall hold."""

    name: str

    def find(self, source: str, /) -> str | None:
        """Return the well-formed value in a Cookie field or a query; None without one."""

    def set(self, value: str, lifetime: float | None, /) -> Fields:
        """Return the fields that give the client *value*."""

    def clear(self) -> Fields:
        """Return the fields that take it away."""


class Writers(Protocol):
    """Chooses the writer for a request."""

    def writer(self, scheme: str, mount: str, /) -> Writer:
        """Return the writer for a scheme and a SCRIPT_NAME."""


class Backend(Protocol):
    """What loads a session and makes its changes durable."""

    clock: Callable[[], float]
    codec: Codec

    def open(self, session: Session) -> None:
        """Fill in the session from what the request carries."""

    def commit(self, session: Session) -> Fields:
        """Make what the request did durable; return the fields for the response's head."""

    def allow_labels(self) -> None:
        """Raise SessionError where labels cannot be kept."""

    def lock(self, session: Session, timeout: float) -> Any:
        """Return a context manager in which nobody else holds the session's lock."""


class Keeper(Protocol):
    """The layer that a session belongs to."""

    backend: Backend

    def finish(self, session: Session, headers: Fields, environ: WSGIEnvironment, /) -> Fields:
        """Make what the request did durable; return the head's fields with what that adds."""


class Session(MutableMapping[str, Any]):
    """Data that belong to one client, kept between requests.

    Nothing is read, written or sent unless the application touches it.  Changes, also within
    values, are made durable when the response starts; an exception that leaves the application
    discards them.
    """

    # Slots, filled in two steps: a session that nobody touches costs six assignments, which the
    # layer makes itself (an ``__init__`` would take as long again); ``open`` sets the rest.
    __slots__ = (
        "__dict__",  # tools may stand before ``open``
        "anonymous", "created_at", "data", "doomed", "ended", "failure", "fields", "forced",
        "fresh_id", "header", "imported", "labels", "layer", "locked", "lost", "mount", "origin",
        "phase", "presented", "renewed", "scheme", "stale", "used_at", "writer",
    )  # fmt: skip

    # When the request comes.
    layer: Keeper
    header: str  #: where the client says which session is its own: the Cookie field, or the query
    mount: str  #: SCRIPT_NAME, before anybody inside moves it
    scheme: str
    phase: int
    # When it is opened.
    data: dict[str, Any]
    labels: dict[str, int]  #: label to generation; 0 until it is taken
    created_at: int
    used_at: float
    writer: Writer
    origin: Origin | None  #: what was loaded; None for what is not stored yet
    doomed: Origin | None  #: what was loaded and must be deleted
    presented: str | None  #: what the client sent, where it looks like ours
    fresh_id: str | None  #: the id of a session that is not stored yet
    ended: bool  #: the client must forget its cookie
    renewed: bool  #: the id must change
    forced: bool  #: write even if nothing changed
    lost: bool  #: somebody deleted it meanwhile: nothing is written any more
    imported: bool  #: the data were taken over from another library, and are not stored yet
    locked: bool  #: this request holds the session's lock
    stale: bool  #: the cookie must be issued again though nothing changed
    anonymous: bool  #: the store is down and the application goes on without
    failure: Exception | None
    fields: Fields  #: what the commit adds to the head

    # -- the mapping -------------------------------------------------------------------------

    def __getitem__(self, key: str) -> Any:
        if self.phase < OPEN:
            self.open()
        return self.data[key]

    def __setitem__(self, key: str, value: Any) -> None:
        if self.phase != OPEN:
            self.prepare_change()
        self.data[key] = value

    def __delitem__(self, key: str) -> None:
        if self.phase != OPEN:
            self.prepare_change()
        del self.data[key]

    def __iter__(self) -> Iterator[str]:
        if self.phase < OPEN:
            self.open()
        return iter(self.data)

    def __len__(self) -> int:
        if self.phase < OPEN:
            self.open()
        return len(self.data)

    def __contains__(self, key: object) -> bool:
        if self.phase < OPEN:
            self.open()
        return key in self.data

    def get(self, key: str, default: Any = None) -> Any:
        if self.phase < OPEN:
            self.open()
        return self.data.get(key, default)

    def setdefault(self, key: str, default: Any = None) -> Any:
        if key in self:
            return self.data[key]
        self[key] = default
        return default

    def clear(self) -> None:
        self.prepare_change()
        self.data.clear()

    def copy(self) -> dict[str, Any]:
        """Return the data as a dict of its own (shallow)."""
        if self.phase < OPEN:
            self.open()
        return dict(self.data)

    def __repr__(self) -> str:  # the id logs people in: it never shows
        if self.phase < OPEN:
            return "<Session, untouched>"
        return f"<Session with {', '.join(map(repr, self.data)) or 'nothing'}>"

    # -- about the session -------------------------------------------------------------------

    @property
    def id(self) -> str:
        """The id that the client holds, or will be given if anything is written."""
        if self.phase < OPEN:
            self.open()
        if self.origin is not None and not self.renewed:
            return self.origin.id
        if self.fresh_id is None:
            self.fresh_id = new_id()
        return self.fresh_id

    @property
    def session_id(self) -> str:
        """The same as ``id``."""
        return self.id

    @property
    def is_new(self) -> bool:
        """Whether this request carried no live session."""
        if self.phase < OPEN:
            self.open()
        return self.origin is None

    @property
    def new(self) -> bool:
        """The same as ``is_new``, as Pyramid calls it."""
        return self.is_new

    @property
    def created(self) -> int:
        """When the session began, in seconds since the epoch."""
        if self.phase < OPEN:
            self.open()
        return self.created_at

    @property
    def accessed(self) -> float:
        """When it was last used before this request, in seconds since the epoch.

        Uses that follow each other closely are not all written down: see ``touch_every``.
        """
        if self.phase < OPEN:
            self.open()
        return self.used_at

    # -- what becomes of it ------------------------------------------------------------------

    def save(self) -> None:
        """Have the session written when the response starts, even if nothing changed."""
        self.prepare_change()
        self.forced = True

    def changed(self) -> None:
        """The same as ``save``, as Pyramid calls it; values that change are noticed without."""
        self.save()

    def save_if_changed(self) -> None:
        """Have what changed written when the response starts; that happens without it, too."""
        self.prepare_change()

    def invalidate(self) -> None:
        """End the session: its id is dead and its data are gone before the response starts.

        What is written afterwards belongs to a new session with a new id.
        """
        self.prepare_change()
        self.data.clear()
        self.labels.clear()
        if self.origin is not None:
            self.doomed, self.origin = self.origin, None
        self.ended = True
        self.renewed = self.forced = self.lost = self.imported = False
        self.fresh_id = None
        self.created_at = int(self.layer.backend.clock())

    def delete(self) -> None:
        """The same as ``invalidate``, as Pesto calls it."""
        self.invalidate()

    def regenerate(self) -> None:
        """Give the session a new id and keep its data: call this at every login.

        The old id is dead before the response starts, whoever holds it.
        """
        self.prepare_change()
        self.renewed = self.forced = True
        self.fresh_id = None

    def label(self, name: str) -> None:
        """File the session under *name*, such as ``user:42``; see ``store.destroy``.

        Raises SessionError where the store is a cookie without ``revocations``.
        """
        self.prepare_change()
        self.layer.backend.allow_labels()
        self.labels.setdefault(name, 0)

    def lock(self, timeout: float = 5.0) -> Any:
        """Return a context manager in which no other request holds this session's lock.

        On entry the data are loaded again; when the block ends without an exception its changes
        are durable.  A session that is not stored yet needs no lock and takes none; within the
        block another one of the same request does nothing.

        timeout: seconds to wait for it.  Raises SessionLocked after that.
        """
        self.prepare_change()
        return self.layer.backend.lock(self, timeout)

    # -- messages and tokens, by Pyramid's names ---------------------------------------------

    def flash(self, msg: Any, queue: str = "", allow_duplicate: bool = True) -> None:
        """Append a message that a later request will show once."""
        held = self.listed(_FLASH + queue)
        if allow_duplicate or msg not in held:
            self[_FLASH + queue] = [*held, msg]

    def pop_flash(self, queue: str = "") -> list[Any]:
        """Return the messages of *queue* and forget them."""
        held = self.listed(_FLASH + queue)
        if held:
            del self[_FLASH + queue]
        return held

    def peek_flash(self, queue: str = "") -> list[Any]:
        """Return the messages of *queue* and keep them."""
        return self.listed(_FLASH + queue)

    def listed(self, key: str) -> list[Any]:
        """Return a copy of the list under *key*, empty where there is none."""
        held = self.get(key)
        return list(held) if isinstance(held, list) else []

    def new_csrf_token(self) -> str:
        """Make, keep and return a fresh token for forms."""
        token: str = token_urlsafe(32)
        self[_CSRF] = token
        return token

    def get_csrf_token(self) -> str:
        """Return the token for forms; make one where there is none."""
        token = self.get(_CSRF)
        return token if isinstance(token, str) and token else self.new_csrf_token()

    def has_csrf_token(self, token: str) -> bool:
        """Compare with the session's token in constant time; False where there is none."""
        held = self.get(_CSRF)
        return isinstance(held, str) and compare_digest(held.encode(), token.encode())

    # -- typed views -------------------------------------------------------------------------

    def view(self, kind: type[T], key: str | None = None) -> T | None:
        """Return the dataclass instance that ``keep`` stored; None where there is none.

        key: where it is kept; None takes the class's name in lower case.
        """
        from tropea.sessions.typed import build, key_of

        return build(kind, self.get(key or key_of(kind)))

    def keep(self, value: Any, key: str | None = None) -> None:
        """Store a dataclass instance, for ``view``; change it and keep it again."""
        from tropea.sessions.typed import key_of, plain

        self[key or key_of(type(value))] = plain(value)

    # -- for the layer and the backends ------------------------------------------------------

    def open(self) -> None:
        """Load the session, once; raise StoreError again where that failed before."""
        if self.phase == FAILED:
            assert self.failure is not None
            raise self.failure
        late = self.phase == SENT
        self.origin = self.doomed = self.fresh_id = self.failure = None
        self.ended = self.renewed = self.forced = self.lost = self.stale = self.anonymous = False
        self.imported = self.locked = False
        try:
            self.layer.backend.open(self)
        except Exception as error:
            self.failure, self.phase = error, FAILED
            raise
        self.phase = OPEN
        if late:
            self.phase, self.fields = COMMITTED, []
            log.warning(
                "a session was first read after the response had started: Vary and Cache-Control "
                "could not be added; read it before"
            )

    def prepare_change(self) -> None:
        """Open the session for a change; raise SessionCommitted when it is too late for one."""
        if self.phase < OPEN:
            self.open()
        if self.phase == COMMITTED:
            raise SessionCommitted(
                "the response has started, and with it the session was saved: change it before "
                "start_response is called (a streaming body must decide before it streams)"
            )
