"""The onion as Pylons had it, with controllers instead of handlers.

Outermost first: registry, status redirect, error handler, HTTP cache, session, dispatch,
controllers.  ``classic.ini`` builds the same stack.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from onion.app import Settings
from onion.book import Book
from onion.pages import Html, each, render
from tropea.caching import HTTPCacheMiddleware, cache_control
from tropea.core import NotFound, RegistryMiddleware, Response, Stack, currentrequest, pipeline
from tropea.core.options import read_options
from tropea.dispatch import Controller, DispatcherApp, connect, dispatcher_app
from tropea.errors import ErrorMiddleware, StatusRedirectMiddleware
from tropea.sessions import SessionMiddleware

_PAGE = '<!doctype html><html lang="en"><title>$title</title><h1>$title</h1>$content</html>'


def page(title: str, content: Html | str = "") -> Response:
    """Make a page; where it is mounted, the registry knows."""
    base = currentrequest().script_name
    home = render('<p><a href="$base/">All recipes</a></p>', base=base)
    return Response([render(_PAGE, title=title, content=Html(content + home)).encode()])


class BookController(Controller):
    """Pages of the recipe book, one method each; every request gets a copy of this object."""

    def __init__(self, book: Book) -> None:
        self.book = book

    @cache_control(public=True, max_age=60)
    def index(self) -> Response:
        """List the recipes: the same for everybody, so the HTTP cache may keep it."""
        rows = ({"slug": r.slug, "title": r.title} for r in self.book.all())
        base = Html(self.request.script_name)
        link = f'<li><a href="{base}/book/show/$slug">$title</a></li>'
        return page("Recipes", render("<ul>$links</ul>", links=each(link, rows)))

    def show(self, id: str) -> Response:
        """Show a recipe and how many this visitor has seen."""
        recipe = self.book.get(id)
        if recipe is None:
            raise NotFound
        seen = self.request.session["seen"] = self.request.session.get("seen", 0) + 1
        return page(recipe.title, render(
            "<pre>$method</pre><p>You have looked at $seen.</p>", method=recipe.method, seen=seen
        ))

    def burn(self) -> Response:
        """Fail, to show what the error handler makes of it."""
        raise RuntimeError("the secret of this kitchen")


class ErrorController(Controller):
    """The pages that stand in for answers that are no success."""

    def document(self, status: int) -> Response:
        """Make the page of a status; the status itself stays what it was."""
        titles = {404: "Not in this book", 500: "Something burnt"}
        return page(titles.get(status, "Not like this"))


def make_controllers(
    global_conf: Mapping[str, str] | None = None, **settings: Any
) -> DispatcherApp:
    """Build dispatch and controllers (a ``paste.app_factory``)."""
    chosen = read_options(Settings, (), settings, where="[app:controllers]")
    app = dispatcher_app()
    book = BookController(Book(chosen.var))
    connect(app, "/", book, "index")
    connect(app, "/error/<status:int>", ErrorController, "document")
    connect(app, "/book/<action>", book)
    connect(app, "/book/<action>/<id>", book)
    return app


def make_classic(global_conf: Mapping[str, str] | None = None, **settings: Any) -> Stack:
    """Build the whole onion (a ``paste.app_factory`` too)."""
    controllers = make_controllers(global_conf, **settings)
    return pipeline(
        RegistryMiddleware.layer(),
        StatusRedirectMiddleware.layer(),
        ErrorMiddleware.layer(),
        HTTPCacheMiddleware.layer(store="memory:"),
        SessionMiddleware.layer(store="memory:", secure=False),
        controllers,
    )
