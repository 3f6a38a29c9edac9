"""Controllers: actions by name, found by convention, by pattern, from an annotated environ."""

from __future__ import annotations

import abc
import functools
import sys
import types

import pytest
import webob.exc

from tropea.core.exceptions import Forbidden
from tropea.core.response import Response
from tropea.dispatch import (
    Cascade,
    Controller,
    ControllerApp,
    RouteError,
    RoutesMiddleware,
    connect,
    declined,
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


class TestWhatIsAnAction:
    class Odd(Controller, abc.ABC):
        class Form:
            def __init__(self):
                raise AssertionError("a client made it")

        def __init__(self):
            self.kept = lambda: "kept"
            self.after = []

        def __after__(self):
            self.after.append(self.response)
            return (
                f"after {self.response.status_int}"
                if hasattr(self.response, "status_int")
                else None
            )

        def placed(self, id, page="1", /):
            return f"{id} {page}"

        def missing(self):
            raise webob.exc.HTTPNotFound

        def passes(self):
            declined()

        @functools.cached_property
        def computed(self):
            raise AssertionError("a client asked for it")

        @staticmethod
        def plain(id="0"):
            return f"plain {id}"

    @pytest.fixture
    def app(self):
        dispatcher = dispatcher_app()
        connect(dispatcher, "/{action}", self.Odd)
        connect(dispatcher, "/{action}/{id}", self.Odd)
        return dispatcher

    @pytest.mark.parametrize(
        "name", ["Form", "kept", "computed", "register", "mro", "__after__", "_abc_impl", "request"]
    )
    def test_what_is_no_method_of_the_class_is_not_found(self, name, app, ask):
        assert ask(app, f"/{name}").status_code == 404

    def test_arguments_by_position_alone_are_given_by_position(self, app, ask):
        assert ask(app, "/placed/7").body == b"7 1"
        assert ask(app, "/placed").body == b"after 404"
        assert ask(app, "/plain/7").body == b"plain 7"

    def test_the_exceptions_of_webob_are_statuses_too(self, app, ask):
        assert ask(app, "/missing").body == b"after 404"

    def test_a_controller_on_its_own_declines_too(self, ask):
        environ = {"wsgiorg.routing_args": ((), {"action": "passes"})}
        assert ask(self.Odd(), **environ).status_code == 404

        def second(environ, start_response):
            start_response("200 OK", [("Content-Type", "text/plain")])
            return [b"second"]

        assert ask(Cascade(self.Odd(), second, catch=()), **environ).body == b"second"

    def test_controllers_of_a_mapping_may_be_dotted_paths(self, ask):
        environ = {"wsgiorg.routing_args": ((), {"controller": "c", "action": "counts"})}
        app = ControllerApp({"c": "collections:Counter"})
        with pytest.raises(TypeError):  # it was found, and is no application
            ask(app, **environ)
        with pytest.raises(ValueError, match="no_such_module"):
            ControllerApp({"c": "no_such_module:X"})

    def test_braces_may_stand_in_the_expression_of_a_group(self, ask):
        dispatcher = dispatcher_app()
        connect(dispatcher, "/year/{id:[0-9]{4}}", self.Odd, "plain")
        assert ask(dispatcher, "/year/2026").body == b"plain 2026"
        assert ask(dispatcher, "/year/26").status_code == 404
