"""The request's layers keep to the contract of layers; requests work inside of strict servers."""

from io import BytesIO

from tropea.core import (
    ProxyMiddleware,
    Request,
    RequestOptionsMiddleware,
    Response,
    mount_app,
    overlay,
    to_wsgi,
    use_redirect_url,
)
from tropea.core.testing import LayerContract, TestApp


class TestProxyMiddleware(LayerContract):
    wraps_body = False

    def make_layer(self, app):
        return ProxyMiddleware(app, trusted="localhost")


class TestRequestOptionsMiddleware(LayerContract):
    wraps_body = False

    def make_layer(self, app):
        return RequestOptionsMiddleware(app, max_body="1M")


class TestMountApp(LayerContract):
    wraps_body = False

    def make_layer(self, app):
        return mount_app({"/": app})


class TestUseRedirectUrl(LayerContract):
    wraps_body = False

    def make_layer(self, app):
        return use_redirect_url(app)


def missing(environ, start_response):
    start_response("404 Not Found", [("Content-Type", "text/plain")])
    return [b"missing"]


class TestOverlay(LayerContract):
    wraps_body = False

    def make_layer(self, app):
        return overlay(missing, app)


class TestThroughAServerThatChecks:
    """TestApp has wsgiref.validate around the application."""

    def test_a_form(self):
        app = TestApp(to_wsgi(lambda request: Response([request["a"], request.form["b"]])))
        assert app.post(data={"a": "1", "b": "2"}).body == b"12"

    def test_a_multipart_form(self):
        def upload(request):
            file = request.files["f"]
            return Response([request["a"], file.filename, file.value.decode()])

        answer = TestApp(to_wsgi(upload)).post_multipart(
            data={"a": "1"}, files=[("f", "n.txt", "text/plain", b"DATA")]
        )
        assert answer.body == b"1n.txtDATA"

    def test_lines_of_the_input(self):
        app = TestApp(to_wsgi(lambda request: Response(list(request.input))))
        assert app.post(data=b"one\ntwo").body == b"one\ntwo"

    def test_a_refusal_is_a_response(self):
        app = TestApp(to_wsgi(lambda request: Response([request["missing"]])))
        assert app.get("/").status.startswith("400")

    def test_the_application_further_in_reads_the_form_again(self):
        def inner(environ, start_response):
            length = int(environ["CONTENT_LENGTH"])
            return Response([environ["wsgi.input"].read(length)])(environ, start_response)

        def outer(environ, start_response):
            assert Request.of(environ).form["a"] == "1"
            return inner(environ, start_response)

        assert TestApp(outer).post(data={"a": "1"}).body == b"a=1"
