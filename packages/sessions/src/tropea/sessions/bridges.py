"""Give an application written for Beaker the session that it expects."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, MutableMapping
from dataclasses import dataclass
from typing import Any, ClassVar
from wsgiref.types import StartResponse, WSGIEnvironment

from tropea.core.keys import SESSION
from tropea.core.layer import Layer
from tropea.core.provided import session as session_of
from tropea.sessions.mapping import Session


@dataclass(frozen=True)
class BeakerBridgeOptions:
    """environ_key: where the application looks."""

    environ_key: str = "beaker.session"


class BeakerBridge(Layer):
    """Put the session at ``beaker.session`` too, with Beaker's methods; stands inside the layer.

    Two things differ: what changed is saved without ``save()``, as with Beaker's ``auto``; and
    there is no ``lock`` and ``unlock``: ``with session.lock():`` of ours does what they did.
    """

    Options = BeakerBridgeOptions
    needs: ClassVar[tuple[str, ...]] = (SESSION,)

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        environ[self.options.environ_key] = BeakerSession(session_of(environ))
        return self.call_app(environ, start_response)


class BeakerSession(MutableMapping[str, Any]):
    """A session under the names of Beaker's."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def __getitem__(self, key: str) -> Any:
        return self._session[key]

    def __setitem__(self, key: str, value: Any) -> None:
        self._session[key] = value

    def __delitem__(self, key: str) -> None:
        del self._session[key]

    def __iter__(self) -> Iterator[str]:
        return iter(self._session)

    def __len__(self) -> int:
        return len(self._session)

    def __repr__(self) -> str:
        return f"<BeakerSession of {self._session!r}>"

    def has_key(self, key: str) -> bool:
        """Tell whether *key* is there."""
        return key in self._session

    @property
    def id(self) -> str:
        """The id of the session."""
        return self._session.id

    @property
    def is_new(self) -> bool:
        """Whether this request carried no live session."""
        return self._session.is_new

    @property
    def created(self) -> int:
        """When the session began, in seconds since the epoch."""
        return self._session.created

    @property
    def last_accessed(self) -> float:
        """When it was last used, in seconds since the epoch."""
        return self._session.accessed

    def save(self, accessed_only: bool = False) -> None:
        """Have the session written when the response starts."""
        if not accessed_only:
            self._session.save()

    def load(self) -> None:
        """Read the session, which happens without it at the first look."""
        len(self._session)

    def revert(self) -> None:
        """Take back what this request changed."""
        session = self._session
        session.prepare_change()
        origin, codec = session.origin, session.layer.backend.codec
        session.data = {} if origin is None else codec.decode(origin.record.data)

    def persist(self) -> None:
        """The same as ``save``."""
        self._session.save()

    def accessed(self) -> None:
        """Count as used; the layer sees to it by itself."""
        len(self._session)

    def delete(self) -> None:
        """End the session."""
        self._session.invalidate()

    def invalidate(self) -> None:
        """End the session; what is written afterwards belongs to a new one."""
        self._session.invalidate()

    def regenerate_id(self) -> None:
        """Give the session a new id."""
        self._session.regenerate()
