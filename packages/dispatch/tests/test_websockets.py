"""The guard of WebSocket handlers, and a conversation through a living library and a real client."""

from __future__ import annotations

import threading
from types import SimpleNamespace

import pytest

from tropea.core.response import Response
from tropea.core.testing import LayerContract
from tropea.dispatch import RoutesMiddleware, dispatcher_app, is_websocket, websocket

HANDSHAKE = {
    "HTTP_UPGRADE": "websocket", "HTTP_CONNECTION": "keep-alive, Upgrade", "HTTP_SEC_WEBSOCKET_VERSION": "13",
    "HTTP_SEC_WEBSOCKET_KEY": "dGhlIHNhbXBsZSBub25jZQ==",
}  # fmt: skip


@pytest.fixture
def guarded():
    dispatcher = dispatcher_app()

    @dispatcher.match("/chat/<room>", "GET")
    @websocket
    def chat(request, room):
        return f"upgraded {room}"

    return dispatcher


def test_an_opening_handshake_reaches_the_handler(guarded, ask):
    assert ask(guarded, "/chat/a", **HANDSHAKE).body == b"upgraded a"


@pytest.mark.parametrize(
    "change",
    [
        {"HTTP_UPGRADE": "h2c"}, {"HTTP_CONNECTION": "close"}, {"HTTP_SEC_WEBSOCKET_VERSION": "8"},
        {"HTTP_SEC_WEBSOCKET_KEY": "short"}, {"HTTP_SEC_WEBSOCKET_KEY": "!" * 24}, {"HTTP_SEC_WEBSOCKET_KEY": ""},
        {"HTTP_SEC_WEBSOCKET_KEY": "\xff" * 24}, {"SERVER_PROTOCOL": "HTTP/1.0"},
    ],
)  # fmt: skip
def test_anything_else_is_told_that_an_upgrade_is_required(change, guarded, ask):
    answer = ask(guarded, "/chat/a", **{**HANDSHAKE, **change})
    assert (answer.status_code, answer.headers["Sec-WebSocket-Version"]) == (426, "13")


def test_rfc9110_15_5_22_the_answer_names_the_protocol(guarded, ask):
    assert ask(guarded, "/chat/a").headers["Upgrade"] == "websocket"
    assert (
        ask(guarded, "/chat/a", SERVER_SOFTWARE="gunicorn/23.0").headers["Upgrade"] == "websocket"
    )


@pytest.mark.parametrize("software", ["waitress", "WSGIServer/0.2 CPython/3.11.7"])
def test_a_server_that_fails_on_upgrade_is_spared_it(software, guarded, ask):
    answer = ask(guarded, "/chat/a", SERVER_SOFTWARE=software)
    assert answer.status_code == 426
    assert "Upgrade" not in answer.headers


def test_the_standard_librarys_server_answers_426_and_no_500(guarded):
    from io import BytesIO
    from io import StringIO
    from wsgiref.handlers import BaseCGIHandler, SimpleHandler
    from wsgiref.simple_server import ServerHandler

    from tropea.core.testing import make_environ

    class OfAnotherName(ServerHandler):
        server_software = "Unknown/1.0"

    for handler_class, more in (
        (ServerHandler, {}), (BaseCGIHandler, {"GATEWAY_INTERFACE": "CGI/1.1"}), (SimpleHandler, {}),
        (OfAnotherName, {}),
    ):  # fmt: skip
        sent = BytesIO()
        handler = handler_class(
            BytesIO(), sent, StringIO(), make_environ(PATH_INFO="/chat/a", **more)
        )
        handler.request_handler = SimpleNamespace(log_request=lambda *args: None)
        handler.run(guarded)
        assert b" 426 " in sent.getvalue().partition(b"\r\n")[0]


def test_other_methods_are_no_handshake():
    assert is_websocket({**HANDSHAKE, "REQUEST_METHOD": "GET"})
    assert not is_websocket({**HANDSHAKE, "REQUEST_METHOD": "POST"})


def test_a_conversation_with_simple_websocket_under_werkzeug(ask):
    library = pytest.importorskip("simple_websocket")
    serving = pytest.importorskip("werkzeug.serving")
    client_library = pytest.importorskip("websocket")
    dispatcher = dispatcher_app()

    def hijacked(environ, start_response):
        # The library has spoken on the server's socket; what WSGI still sends must be nothing.
        start_response("200 OK", [])
        environ["werkzeug.socket"].close()
        raise ConnectionError

    @dispatcher.match("/echo/<word>", "GET")
    @websocket
    def echo(request, word):
        ws = library.Server.accept(request.environ)
        try:
            while True:
                ws.send(f"{word} {ws.receive()}")
        except library.ConnectionClosed:
            pass
        return hijacked

    server = serving.make_server("127.0.0.1", 0, dispatcher, threaded=True)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        client = client_library.create_connection(
            f"ws://127.0.0.1:{server.server_port}/echo/hello", timeout=10
        )
        for word in ("one", "två"):
            client.send(word)
            assert client.recv() == f"hello {word}"
        client.close()
        with pytest.raises(client_library.WebSocketBadStatusException, match="404"):
            client_library.create_connection(
                f"ws://127.0.0.1:{server.server_port}/nothing", timeout=10
            )
    finally:
        server.shutdown()
        thread.join(timeout=10)
        server.server_close()


class TestRoutesMiddlewareKeepsTheContract(LayerContract):
    def make_layer(self, app):
        table = dispatcher_app()
        table.match("/<anything>", GET=lambda request, anything: "")
        return RoutesMiddleware(app, table)


class TestAMountKeepsTheContract(LayerContract):
    def make_layer(self, app):
        dispatcher = dispatcher_app()
        dispatcher.mount("/", app)
        return dispatcher
