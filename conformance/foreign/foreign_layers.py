"""Other people's layers, each as its own documentation puts it around an application."""

from __future__ import annotations

import tempfile
from pathlib import Path


def pastes_gzip(app):
    from paste.gzipper import middleware

    return middleware(app)


def werkzeugs_proxy_fix(app):
    from werkzeug.middleware.proxy_fix import ProxyFix

    return ProxyFix(app)


def werkzeugs_dispatcher(app):
    from werkzeug.middleware.dispatcher import DispatcherMiddleware

    return DispatcherMiddleware(app, {"/elsewhere": app})


def beakers_sessions(app):
    from beaker.middleware import SessionMiddleware

    return SessionMiddleware(app, {"session.type": "memory", "session.auto": True})


def whitenoises_files(app):
    from whitenoise import WhiteNoise

    root = Path(tempfile.gettempdir()) / "tropea-foreign"
    root.mkdir(exist_ok=True)
    return WhiteNoise(app, root=str(root), prefix="static/")


def werkzeugs_profiler(app):
    from werkzeug.middleware.profiler import ProfilerMiddleware

    return ProfilerMiddleware(app, stream=None)


def pastes_recursion(app):
    from paste.recursive import RecursiveMiddleware

    return RecursiveMiddleware(app)
