"""Layers and stacks: outermost first, open to tools."""

import copy

import pytest

from tropea.core.closing import ClosingIterator
from tropea.core.errors import OptionError
from tropea.core.layer import Layer
from tropea.core.stack import Stack, pipeline


def app(environ, start_response):
    start_response("200 OK", [("Content-Type", "text/plain")])
    return [environ.get("seen", "").encode()]


def call(application, **environ):
    return b"".join(application(environ, lambda status, headers, exc_info=None: None))


class Outer(Layer):
    mark = "o"

    def __call__(self, environ, start_response):
        environ["seen"] = environ.get("seen", "") + self.mark
        return self.app(environ, start_response)


class Inner(Outer):
    mark = "i"


def foreign(inner):
    def layer(environ, start_response):
        environ["seen"] = environ.get("seen", "") + "f"
        return inner(environ, start_response)

    return layer


def test_the_first_layer_is_the_outermost():
    assert call(pipeline(Outer.layer(), foreign, Inner.layer(), app)) == b"ofi"


def test_the_layers_can_be_looked_at():
    stack = pipeline(Outer.layer(), Inner.layer(), app)
    assert [type(layer) for layer in stack.layers[:2]] == [Outer, Inner]
    assert stack.layers[-1] is app
    assert stack.app is stack.layers[0]
    assert repr(stack) == "<Stack Outer > Inner > app>"


def test_a_layer_reads_its_application_at_each_call():
    stack = pipeline(Outer.layer(), app)
    stack.layers[0].app = Inner(app)
    assert call(stack) == b"oi"


def test_a_class_serves_as_layer():
    assert call(pipeline(Outer, app)) == b"o"


def test_a_stack_is_an_application_and_can_be_stacked():
    assert call(pipeline(Outer.layer(), pipeline(Inner.layer(), app))) == b"oi"


def test_a_probe_stands_before_every_layer_and_the_application():
    places = []

    def probe(inner, place):
        def probed(environ, start_response):
            places.append(place)
            return inner(environ, start_response)

        return probed

    stack = pipeline(Outer.layer(), foreign, Inner.layer(), app)
    probed = stack.with_probe(probe)
    assert call(probed) == b"ofi"
    assert places == [0, 1, 2, 3]
    assert [type(layer) for layer in probed.layers] == [type(layer) for layer in stack.layers]


def test_a_stack_without_a_probe_pays_nothing_for_the_possibility():
    stack = pipeline(Outer.layer(), Inner.layer(), app)
    assert stack.app.app.app is app


@pytest.mark.parametrize(
    ("arguments", "message"),
    [((), "needs an application"), ((1,), "argument 1 is not callable: 1"), ((Outer.layer(), None), "argument 2")],
)
def test_what_cannot_be_stacked_is_refused(arguments, message):
    with pytest.raises(OptionError, match=message):
        pipeline(*arguments)


def test_a_layer_that_makes_no_application_is_named():
    with pytest.raises(OptionError, match="which is no application"):
        Stack([lambda inner: None], app)


def test_a_layer_says_what_it_is_around():
    assert repr(Outer(app)).startswith("<Outer around <function app")


class Body:
    closed = 0

    def __init__(self, said):
        self.said = said

    def __iter__(self):
        return iter([b"a", b"b"])

    def close(self):
        self.said.append("body")


def test_callbacks_run_once_after_the_body_was_closed():
    said = []
    body = ClosingIterator(Body(said), lambda: said.append(1), lambda: said.append(2))
    assert list(body) == [b"a", b"b"]
    body.close()
    body.close()
    assert said == ["body", 1, 2]


def test_every_callback_has_its_turn_and_the_first_error_is_told():
    said = []

    def fails():
        raise OSError("disk")

    def fails_too():
        raise KeyError("other")

    body = ClosingIterator([b""], fails, fails_too, lambda: said.append("last"))
    with pytest.raises(OSError, match="disk"):
        body.close()
    assert said == ["last"]


class Method:
    """An application whose class calls it; what it says can be told apart."""

    def __init__(self, word):
        self.word = word

    def __call__(self, environ, start_response):
        start_response("200 OK", [])
        return [self.word]


def says(word):
    def app(environ, start_response):
        start_response("200 OK", [])
        return [word]

    return app


@pytest.mark.parametrize("make", [Method, says, lambda word: Method(word).__call__, lambda word: Layer(says(word))])
@pytest.mark.parametrize("around", [Layer, lambda app: pipeline(Layer.layer(), app).app], ids=["layer", "stack"])
def test_an_application_may_be_replaced_at_any_time(make, around):
    layer = around(make(b"first"))
    assert call(layer) == b"first"
    layer.app = make(b"second")
    assert call(layer) == b"second"


def test_a_layer_that_was_copied_calls_what_the_copy_holds():
    layer = Layer(Method(b"first"))
    twin = copy.deepcopy(layer)
    twin.app.word = b"second"
    assert [call(one) for one in (layer, twin)] == [b"first", b"second"]


def test_a_stack_whose_outermost_layer_was_replaced_calls_the_new_one():
    stack = pipeline(Layer.layer(), says(b"first"))
    stack.app = Layer(says(b"second"))
    assert call(stack) == b"second"
