"""Compare what a session held before and after a request, without telling what it holds.

Sessions of ours, Beaker's and plain mappings are known.  A session that nobody touched is not
read: looking must not change what is looked at.
"""

from __future__ import annotations

from collections.abc import Mapping
from inspect import getattr_static
from types import MemberDescriptorType
from typing import Any

from tropea.core.keys import SESSION
from tropea.core.redaction import HIDDEN, is_secret_name

Told = dict[str, tuple[str, Any]]
_KEYS = ("beaker.session", "paste.session.factory", "werkzeug.session")
_MOST = 100


def session_of(environ: Mapping[str, Any]) -> Any:
    """Return the session object of a request, or None."""
    found = environ.get(SESSION)
    return found if found is not None else next(filter(None, map(environ.get, _KEYS)), None)


def told(session: Any) -> Told | None:
    """Describe the values of a session that is loaded, by key; None where it is not.

    >>> told({"visits": 3, "user": "ann", "token": "abc"})
    {'visits': ('3', 3), 'user': ('str of 3', ...), 'token': ('…', ...)}
    """
    data = _data(session)
    if data is None:
        return None
    return {
        str(key)[:100]: (_describe(key, data[key]), _mark(data[key])) for key in [*data][:_MOST]
    }


def compare(before: Told | None, after: Told | None) -> list[dict[str, str]] | None:
    """List the keys of a session and what became of each; None where it was not touched."""
    if after is None:
        return None
    before = before or {}
    found = []
    for key in [*before, *(key for key in after if key not in before)]:
        old, new = before.get(key), after.get(key)
        how = "added" if old is None else "removed" if new is None else "kept"
        if old and new and old[1] != new[1]:
            how = "changed"
        found.append(
            {
                "key": key,
                "how": how,
                "before": old[0] if old else "",
                "after": new[0] if new else "",
            }
        )
    return found


def _data(session: Any) -> Mapping[Any, Any] | None:
    for name in ("data", "_sess"):  # ours when it is loaded; Beaker's when it is
        held = _held(session, name)
        if isinstance(held, Mapping):
            return held
    return session if isinstance(session, dict) else None


def _held(session: Any, name: str) -> Any:
    """Return what an object keeps under a name, in its dict or a slot, running no code of its."""
    own = getattr(session, "__dict__", {})
    if name in own:
        return own[name]
    slot = getattr_static(type(session), name, None)
    try:
        return slot.__get__(session) if isinstance(slot, MemberDescriptorType) else None
    except AttributeError:  # nothing is in it yet
        return None


def _describe(key: object, value: object) -> str:
    """Tell what kind of value it is; of text and containers only their size."""
    if is_secret_name(key):
        return HIDDEN
    if value is None or isinstance(value, (bool, int, float)):
        return repr(value)[:40]
    name = type(value).__qualname__
    return f"{name} of {len(value)}" if hasattr(value, "__len__") else name


def _mark(value: object) -> Any:
    """Return what differs when the value differs; it is compared and never shown."""
    try:
        return (
            value if value is None or isinstance(value, (bool, int, float)) else hash(repr(value))
        )
    except Exception:  # somebody's __repr__
        return id(value)
