"""Probes: what each layer did and how long it took, in any stack, and nothing left behind."""

import pytest

from tropea.core.layer import Layer
from tropea.core.probing import Probe, Trace, changes, instrument, note
from tropea.core.stack import pipeline


class Marking(Layer):
    """Adds an environ key, a field, and changes the status on the way out."""

    def __call__(self, environ, start_response):
        environ["mark"] = "1"
        note(environ, "marking", "because it can")

        def start(status, headers, exc_info=None):
            kept = [h for h in headers if h[0] != "X-Gone"]
            return start_response("201 Created", [*kept, ("X-Mark", "1")], exc_info)

        return self.app(environ, start)


def app(environ, start_response):
    start_response("200 OK", [("Content-Type", "text/plain"), ("X-Gone", "1")])
    return (block for block in (b"he", b"llo"))


def ask(application, **environ):
    environ = {"REQUEST_METHOD": "GET", "PATH_INFO": "/", **environ}
    trace = Trace.begin(environ)
    body = application(environ, lambda status, headers, exc_info=None: None)
    try:
        data = b"".join(body)
    finally:
        getattr(body, "close", lambda: None)()
    return data, trace


def test_every_layer_is_visited_once_from_outside_in():
    probed, probes = instrument(pipeline(Marking.layer(), Layer.layer(), app))
    data, trace = ask(probed)
    assert data == b"hello"
    assert [v.name.rpartition(".")[2] for v in trace.visits] == ["Marking", "Layer", "app"]
    assert [v.parent for v in trace.visits] == [None, 0, 1]
    assert [n.rpartition(".")[2] for n in probes.names] == ["Marking", "Layer", "app"]


def test_what_a_layer_changed_is_told():
    _, trace = ask(instrument(pipeline(Marking.layer(), app))[0])
    told = changes(trace, 0)
    assert told.environ == {"mark": (None, "1")}
    assert told.headers == {"X-Mark": (None, "1"), "X-Gone": ("1", None)}
    assert told.status == ("200 OK", "201 Created")
    assert changes(trace, 1).headers == {}
    assert trace.notes == [("marking", "because it can")]


def test_times_are_in_order_and_add_up():
    _, trace = ask(instrument(pipeline(Marking.layer(), app))[0])
    outer, inner = trace.visits
    assert outer.entered <= inner.entered <= inner.started <= outer.started <= outer.returned <= outer.finished
    assert trace.own_seconds(0) + trace.own_seconds(1) == pytest.approx(outer.seconds)
    assert (inner.blocks, inner.size) == (2, 5)


def test_an_exception_is_recorded_and_goes_on():
    def broken(environ, start_response):
        raise ValueError("boom")

    environ = {}
    trace = Trace.begin(environ)
    with pytest.raises(ValueError):
        instrument(pipeline(Marking.layer(), broken))[0](environ, None)
    assert [v.error for v in trace.visits] == ["ValueError: boom"] * 2


def test_without_a_listener_a_probe_hands_on_the_very_body():
    body = [b"x"]
    probed, _ = instrument(pipeline(Layer.layer(), lambda environ, start_response: body))
    assert probed({}, None) is body


def test_removing_the_probes_leaves_the_stack_as_it_was():
    stack = pipeline(Marking.layer(), Layer.layer(), app)
    before = [layer.app for layer in stack.layers[:-1]]
    _, probes = instrument(stack)
    assert isinstance(stack.layers[0].app, Probe)
    probes.remove()
    assert [layer.app for layer in stack.layers[:-1]] == before


def test_composites_and_frameworks_are_entered():
    dispatcher = pytest.importorskip("werkzeug.middleware.dispatcher")
    site = dispatcher.DispatcherMiddleware(app, {"/shop": Layer(app)})
    probed, probes = instrument(site)
    _, trace = ask(probed, PATH_INFO="/shop/x")
    assert [v.name.rpartition(".")[2] for v in trace.visits] == ["DispatcherMiddleware", "Layer", "app"]
    probes.remove()
    assert site.app is app


def test_a_request_inside_a_request_is_its_own_visit():
    def again(environ, start_response):
        if environ["PATH_INFO"] == "/":
            environ["PATH_INFO"] = "/inner"
            return layer(environ, start_response)
        return app(environ, start_response)

    layer, _ = instrument(Layer(again))
    _, trace = ask(layer)
    assert [v.parent for v in trace.visits] == [None, 0, 1, 2]


def test_a_layer_that_keeps_its_application_twice_is_probed_whichever_it_calls():
    class Twice:
        def __init__(self, wrapped):
            self.app = self.wrap_app = wrapped

        def __call__(self, environ, start_response):
            return self.wrap_app(environ, start_response)

    layer = Twice(app)
    probed, probes = instrument(layer)
    _, trace = ask(probed)
    assert len(trace.visits) == 2
    probes.remove()
    assert layer.app is layer.wrap_app is app
