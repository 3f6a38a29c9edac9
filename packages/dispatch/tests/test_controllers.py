"""Controllers: actions by name, found by convention, by pattern, from an annotated environ."""

from __future__ import annotations

import sys
import types

import pytest

from tropea.core.exceptions import Forbidden
from tropea.core.response import Response
from tropea.dispatch import (
    Controller,
    ControllerApp,
    RouteError,
    RoutesMiddleware,
    connect,
    dispatcher_app,
    resource,
)


class HelloController(Controller):
    greeting = "hello"

    def __before__(self, action):
        self.seen = [action]
        if action == "barred":
            return "barred before"

    def __after__(self):
        if isinstance(self.response, Forbidden):
            return "forbidden, after"

    def index(self):
        return "index"

    def show(self, id, request, environ, name="nobody"):
        assert environ is request.environ is self.request.environ
        return f"{self.greeting} {id} {name} {self.seen}"

    def everything(self, **groups):
        return repr(sorted(groups))

    def barred(self):
        raise AssertionError

    def forbidden(self):
        raise Forbidden

    def _secret(self):
        return "secret"


@pytest.fixture
def package(monkeypatch):
    """A package of controllers, as a project has it."""
    package = types.ModuleType("tropea_test_controllers")
    package.__path__ = []
    module = types.ModuleType("tropea_test_controllers.hello")
    module.HelloController = HelloController
    monkeypatch.setitem(sys.modules, package.__name__, package)
    monkeypatch.setitem(sys.modules, module.__name__, module)
    return package.__name__


@pytest.fixture
def app(package):
    dispatcher = dispatcher_app()
    connect(dispatcher, "/{controller}/{action}/{id:[0-9]+}", controllers=package)
    connect(dispatcher, "/{controller}/{action}", controllers=package)
    connect(dispatcher, "/{controller}", controllers=package)
    return dispatcher


class TestByPattern:
    def test_controller_action_and_id_come_from_the_path(self, app, ask):
        assert ask(app, "/hello/show/7").body == b"hello 7 nobody ['show']"
        assert ask(app, "/hello").body == b"index"
        assert ask(app, "/hello/show/x").status_code == 404

    def test_actions_get_the_groups_they_ask_for(self, app, ask):
        assert ask(app, "/hello/everything/3").body_text == repr(
            ["action", "controller", "environ", "id", "request"]
        )
        assert ask(app, "/hello/show").status_code == 404

    def test_before_may_answer_and_after_sees_what_was_raised(self, app, ask):
        assert ask(app, "/hello/barred").body == b"barred before"
        assert ask(app, "/hello/forbidden").body == b"forbidden, after"

    @pytest.mark.parametrize(
        "path",
        ["/hello/_secret", "/hello/__init__", "/hello/__call__", "/hello/greeting", "/hello/nothing",
         "/hello/request", "/nothing/index", "/os/system", "/hello:HelloController/index", "/__init__/x"],
    )  # fmt: skip
    def test_nothing_else_can_be_called_from_outside(self, path, app, ask):
        assert ask(app, path).status_code == 404

    def test_a_pattern_has_to_say_which_controller(self):
        with pytest.raises(RouteError, match=r"test_controllers\.py:\d+: .*which controller"):
            connect(dispatcher_app(), "/{action}")

    def test_a_dotted_controller_is_found(self, package, ask):
        dispatcher = dispatcher_app()
        connect(dispatcher, "/hi/{id}", f"{package}.hello:HelloController", "show", name="hi")
        assert ask(dispatcher, "/hi/1").body == b"hello 1 nobody ['show']"
        assert dispatcher.urlfor("hi", id=3) == "/hi/3"


class TestAsWSGI:
    def test_a_controller_is_a_wsgi_application(self, ask):
        controller = HelloController()
        environ = {"wsgiorg.routing_args": ((), {"action": "show", "id": "9", "name": "jo"})}
        assert ask(controller, "/", **environ).body == b"hello 9 jo ['show']"
        assert ask(controller, "/").body == b"index"
        assert not hasattr(controller, "request")

    def test_the_base_application_finds_it_from_an_annotated_environ(self, package, ask):
        table = dispatcher_app()
        table.match("/<controller>/<action>", "GET")(lambda request, **groups: "")
        for controllers in (package, {"hello": HelloController}):
            app = RoutesMiddleware(ControllerApp(controllers), table)
            assert ask(app, "/hello/index").body == b"index"
            assert ask(app, "/other/index").status_code == 404
            assert ask(app, "/").status_code == 404


class Recipes(Controller):
    def index(self):
        return "index"

    def create(self):
        return "create"

    def new(self):
        return "new"

    def show(self, id):
        return f"show {id}"

    def update(self, id):
        return f"update {id}"

    def delete(self, id):
        return Response(status=204)

    def edit(self, id):
        return f"edit {id}"


class TestResource:
    @pytest.fixture
    def app(self):
        dispatcher = dispatcher_app()
        dispatcher.include("/api", resource("recipes", Recipes))
        return dispatcher

    @pytest.mark.parametrize(
        ("method", "path", "body"),
        [
            ("GET", "/api/recipes", b"index"), ("POST", "/api/recipes", b"create"),
            ("GET", "/api/recipes/new", b"new"), ("GET", "/api/recipes/5", b"show 5"),
            ("PUT", "/api/recipes/5", b"update 5"), ("PATCH", "/api/recipes/5", b"update 5"),
            ("DELETE", "/api/recipes/5", b""), ("GET", "/api/recipes/5/edit", b"edit 5"),
        ],
    )  # fmt: skip
    def test_the_seven_routes(self, method, path, body, app, ask):
        answer = ask(app, path, method)
        assert (answer.status_code < 300, answer.body) == (True, body)

    def test_the_urls(self, app):
        assert app.urlfor("recipes") == "/api/recipes"
        assert app.urlfor("new_recipe") == "/api/recipes/new"
        assert app.urlfor("recipe", id=5) == "/api/recipes/5"
        assert app.urlfor("edit_recipe", id=5) == "/api/recipes/5/edit"

    def test_actions_that_a_controller_lacks_have_no_route(self, ask):
        class Few(Controller):
            def show(self, id):
                return repr(id)

        few = resource("pages", Few, id="<id:int>", member="sheet")
        assert [route.name for route in few.routes()] == ["sheet"]
        assert ask(few, "/pages/5").body == b"5"
        assert ask(few, "/pages/x").status_code == 404

    def test_a_controller_may_be_found_by_convention(self, package, ask):
        found = resource("hello", controllers=package)
        assert ask(found, "/hello").body == b"index"
        missing = resource("absent", controllers=package)
        with pytest.raises(RouteError, match="no controller 'absent'"):
            ask(missing, "/absent")
