"""The onion: built here from Python, and from ``development.ini`` by Paste Deploy.

Outermost first: registry, rewriting, static files, conditional requests, session, dispatch,
handlers.  The order has reasons: rewriting before anything that looks at the path; static files
before any work is done for them; conditional requests outside the session, so that a 304 still
carries the session's cookie.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from onion import uploads
from onion.book import Book
from onion.handlers import Kitchen
from onion.rules import RULES
from tropea.caching import etag_middleware
from tropea.core import Stack, pipeline
from tropea.core.context import RegistryMiddleware
from tropea.core.options import read_options, size
from tropea.dispatch import DispatcherApp
from tropea.rewrite import urlrewriter
from tropea.sessions import SessionMiddleware
from tropea.static import StaticMiddleware, build_assets

HERE = Path(__file__).parent


@dataclass(frozen=True)
class Settings:
    """What whoever runs the recipe book may choose.

    var: folder of recipes, pictures and sessions; made when it is missing.
    largest_picture: bytes.
    secure: whether the session's cookie is for https alone.
    """

    var: str = str(HERE.parent / "var")
    largest_picture: int = field(
        default=uploads.LARGEST, metadata={"read": size, "expects": "a size such as 2M"}
    )
    secure: bool = False


def make_recipes(global_conf: Mapping[str, str] | None = None, **settings: Any) -> DispatcherApp:
    """Build the innermost application: dispatch and handlers (a ``paste.app_factory``)."""
    chosen = read_options(Settings, (), settings, where="[app:recipes]")
    return Kitchen(Book(chosen.var), chosen.largest_picture).dispatcher()


def make_app(global_conf: Mapping[str, str] | None = None, **settings: Any) -> Stack:
    """Build the whole onion (a ``paste.app_factory`` too)."""
    chosen = read_options(Settings, (), settings, where="make_app")
    recipes = make_recipes(global_conf, **settings)
    hashed = Path(chosen.var).absolute() / "assets"  # the same files by names that never change
    build_assets(HERE / "static", hashed)
    return pipeline(
        RegistryMiddleware.layer(),
        urlrewriter(rules=RULES),
        StaticMiddleware.layer(
            root=[HERE / "static", hashed], prefix="/static/", manifest=hashed / "manifest.json"
        ),
        etag_middleware(auto_etag=True),
        SessionMiddleware.layer(
            store=f"sqlite:///{Path(chosen.var).absolute()}/sessions.db", secure=chosen.secure
        ),
        recipes,
    )
