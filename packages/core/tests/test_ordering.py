"""Layers in the wrong order are found, with the reason."""

import pytest

from tropea.core.layer import Layer
from tropea.core.ordering import KINDS, REASONS, lint
from tropea.core.stack import pipeline


def app(environ, start_response):
    return []


def of(kind, **attributes):
    return type(f"The{kind.title()}", (Layer,), {"kind": kind, **attributes})


def test_the_recommended_order_has_nothing_wrong():
    assert lint(pipeline(*(of(kind).layer() for kind in KINDS), app)) == []


@pytest.mark.parametrize(("outer", "inner"), list(REASONS))
def test_each_wrong_pair_is_found_with_its_reason(outer, inner):
    (finding,) = lint(pipeline(of(inner).layer(), of("").layer(), of(outer).layer(), app))
    assert str(finding).endswith(REASONS[outer, inner])
    assert f"The{outer.title()} belongs outside" in str(finding)


def test_every_reason_follows_the_recommended_order():
    assert all(KINDS.index(outer) < KINDS.index(inner) for outer, inner in REASONS)


def test_what_a_layer_needs_has_to_stand_outside_it():
    needy, giver = of("auth", needs=("tropea.session",)), of("session", provides=("tropea.session",))
    assert lint(pipeline(giver.layer(), needy.layer(), app)) == []
    (finding,) = lint(needy(app))
    assert "needs tropea.session, which no layer outside it provides" in str(finding)


def test_foreign_layers_are_known_by_name():
    gzipper = pytest.importorskip("paste.gzipper")
    found = lint(gzipper.middleware(of("conditional")(app)))
    assert [f.reason for f in found] == ["a strong tag must name the bytes that were compressed"]


@pytest.mark.parametrize(
    ("outer", "inner"),
    [(of("", inside=("session",)), of("session")), (of("dispatch"), of("", outside=("dispatch",)))],
)
def test_a_layer_may_say_itself_where_it_belongs(outer, inner):
    (finding,) = lint(pipeline(outer.layer(), inner.layer(), app))
    assert "it says of itself that it belongs" in finding.reason
