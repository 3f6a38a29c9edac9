"""Routes that change while requests come in: nothing is lost, and nothing is missing meanwhile."""

from __future__ import annotations

import pytest

from tropea.core.errors import OptionError
from tropea.dispatch import Application, DispatcherApp, RouteError


def answers(text):
    return lambda request, **groups: text


class Interrupted(DispatcherApp):
    """Declares a route just when a table was made, as another thread might."""

    late = True

    def _compile(self):
        table = super()._compile()
        if self.late:
            self.late = False
            self.match("/late", GET=answers("late"))
        return table


class InterruptedLater(DispatcherApp):
    """Declares a route after the table was handed out, before it is put to use."""

    late = True

    @property
    def table(self):
        table = super().table
        if self.late:
            self.late = False
            self.match("/late", GET=answers("late"))
        return table


@pytest.mark.parametrize("kind", [Interrupted, InterruptedLater])
def test_a_route_that_is_declared_while_the_table_is_made_is_not_lost(kind, ask):
    dispatcher = kind()
    dispatcher.match("/early", GET=answers("early"))
    assert ask(dispatcher, "/early").body == b"early"
    assert ask(dispatcher, "/late").body == b"late"


def test_a_route_that_is_replaced_is_there_all_the_time(ask, monkeypatch):
    app, seen = Application("x"), []
    app.set_route("/page", answers("old"))
    app.set_route("/<n:int>", answers("old"))
    changed = DispatcherApp.changed

    def changed_and_asked(self):
        changed(self)
        if self is app.dispatcher:
            seen.append({ask(app, "/page").body, ask(app, "/7").body})

    monkeypatch.setattr(DispatcherApp, "changed", changed_and_asked)
    app.set_route("/page", answers("new"))
    app.set_route("/<n:int>", answers("new"))
    assert seen and set().union(*seen) == {b"old", b"new"}
    assert len(app.dispatcher.routes()) == 2


@pytest.mark.parametrize("bits", [0, -1, 1 << 20, True, False])
def test_numbers_that_are_no_methods_are_refused(bits):
    with pytest.raises(RouteError, match="not request methods"):
        DispatcherApp().match("/x", bits)(answers(""))
    with pytest.raises(RouteError, match="not request methods"):
        Application("x").set_route("/x", answers(""), bits)


def test_an_argument_that_no_decorator_has_is_refused():
    app = Application("x")
    for declare in (app.route, app.regular_route):
        with pytest.raises(TypeError, match="has no argument metod"):
            declare("/x", metod=1)


@pytest.mark.parametrize(
    "option",
    [
        {"list_as": "josn"},
        {"cache_size": -1},
        {"cache_size": "9"},
        {"max_path": 0},
        {"max_path": "8K"},
    ],
)
def test_an_option_that_cannot_be_is_refused(option):
    with pytest.raises(OptionError, match=f"DispatcherApp: {[*option][0]}: expected .*, got"):
        DispatcherApp(**option)


def test_a_pattern_that_no_path_matches_is_reported():
    dispatcher = DispatcherApp()
    for pattern in ("page", "", "*", "/", "<x>"):
        dispatcher.match(pattern, GET=answers(""))
    problems = dispatcher.check()
    assert [problem.route.pattern for problem in problems] == ["page", "Pattern('')"]
    assert "does not begin with a slash" in str(problems[0])
    with pytest.raises(RouteError, match="does not begin with a slash"):
        _strict(dispatcher).start()


def _strict(dispatcher):
    strict = DispatcherApp(strict_routes=True)
    strict.combine(dispatcher)
    return strict
