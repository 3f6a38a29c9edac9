"""Entry points for Paste Deploy: applications by prefix and host, and cascades."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any
from wsgiref.types import WSGIApplication

from tropea.core.errors import OptionError
from tropea.core.paste import filter_factory

from .annotating import RoutesMiddleware
from .cascade import Cascade
from .dispatcher import DispatcherApp

#: ``[filter:…] use = egg:tropea-dispatch``: annotate the environ with routes.
routes_filter = filter_factory(RoutesMiddleware)


def composite(loader: Any, global_conf: Mapping[str, str], /, **local_conf: str) -> WSGIApplication:
    """Make the composite that gives each prefix, or each host, its application.

    Keys are prefixes (``/admin``) or hosts with or without one (``domain www.example.org/shop``);
    values are the names of sections.  Longer prefixes come first, and hosts before prefixes.
    """
    places = []
    for key, value in local_conf.items():
        host, prefix = _place(key)
        places.append((not host, -len(prefix), host, prefix, value))
    made = DispatcherApp()
    for _, _, host, prefix, value in sorted(places):
        app = loader.get_app(value, global_conf=global_conf)
        made.mount(prefix, app, name=value, hosts=(host,) if host else ())
    return made.start()


def _place(key: str) -> tuple[str, str]:
    """Return host and prefix of a key."""
    text = key.strip()
    if text.startswith("domain "):
        host, slash, rest = text[7:].strip().partition("/")
        return host.lower(), (slash + rest).rstrip("/")
    if not text.startswith("/"):
        raise OptionError(
            f"egg:tropea-dispatch: {key!r} is neither a prefix such as '/admin' nor a host such "
            "as 'domain www.example.org'"
        )
    return "", text.rstrip("/")


def cascade(loader: Any, global_conf: Mapping[str, str], /, **local_conf: str) -> WSGIApplication:
    """Make a cascade of ``app1``, ``app2``, … in the order of their numbers.

    catch: statuses that count as no answer, separated by spaces; 404 by default.
    """
    catch = local_conf.pop("catch", "404").replace(",", " ").split()
    if not all(re.fullmatch("[1-5][0-9]{2}", status) for status in catch):
        raise OptionError(f"egg:tropea-dispatch#cascade: catch: expected statuses, got {catch!r}")
    numbered = []
    for key, value in local_conf.items():
        found = re.fullmatch(r"app([0-9]*)", key)
        if found is None:
            raise OptionError(
                f"egg:tropea-dispatch#cascade has no option {key!r}; it has app1, app2, …"
            )
        numbered.append((int(found[1] or 0), value))
    if not numbered:
        raise OptionError("egg:tropea-dispatch#cascade: app1: expected the name of an application")
    apps = [loader.get_app(value, global_conf=global_conf) for _, value in sorted(numbered)]
    return Cascade(*apps, catch=map(int, catch))
