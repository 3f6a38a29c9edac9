"""Each of our layers keeps the contract of layers around and inside foreign middleware."""

from __future__ import annotations

import inspect

import pytest

from tropea.core import RegistryMiddleware
from tropea.core.testing import LayerContract

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore:pkg_resources")


def registry(app):
    return RegistryMiddleware(app)


def rewrite(app):
    from tropea.rewrite import Rule, urlrewriter

    return urlrewriter(app, rules=[Rule("/old/(.*)", "/{1}", "redirect_permanent")])


def static(app):
    from tropea.static import StaticMiddleware

    return StaticMiddleware(app, root=__file__.rpartition("/")[0], prefix="/static/")


def conditional(app):
    from tropea.caching import etag_middleware

    return etag_middleware(app)


def session(app):
    from tropea.sessions import SessionMiddleware

    return SessionMiddleware(app, store="memory:")


def pastes_gzip(app):
    from paste.gzipper import middleware

    return middleware(app)


def werkzeugs_dispatcher(app):
    from werkzeug.middleware.dispatcher import DispatcherMiddleware

    return DispatcherMiddleware(app, {"/elsewhere": app})


OURS = (registry, rewrite, static, conditional, session)
FOREIGN = (pastes_gzip, werkzeugs_dispatcher)
#: W28 is about one layer's factory for ini files, and has its place in each package's tests.
ROWS = [
    name
    for name, _ in inspect.getmembers(LayerContract)
    if name.startswith("test_") and "_w28_" not in name
]


def case(outer, inner):
    return lambda app: outer(inner(app))


MATRIX = {
    f"{outer.__name__}-around-{inner.__name__}": case(outer, inner)
    for ours in OURS
    for foreign in FOREIGN
    for outer, inner in ((ours, foreign), (foreign, ours))
}


def run(make, row):
    """Run one row of the contract on what *make* builds."""
    contract = type("Contract", (LayerContract,), {"make_layer": lambda self, app: make(app)})
    getattr(contract(), row)()


@pytest.mark.parametrize("row", ROWS)
@pytest.mark.parametrize("name", MATRIX)
def test_a_layer_of_ours_beside_a_foreign_one(name, row):
    run(MATRIX[name], row)


@pytest.mark.parametrize("row", ROWS)
def test_all_our_layers_together(row):
    def make(app):
        for layer in reversed(OURS):
            app = layer(app)
        return app

    run(make, row)


def test_a_layer_that_breaks_the_contract_is_noticed():
    def gathering(app):
        return lambda environ, start_response: [b"".join(app(environ, start_response))]

    with pytest.raises(AssertionError):
        run(case(gathering, pastes_gzip), "test_w16_close_is_called_once_when_everything_was_sent")
