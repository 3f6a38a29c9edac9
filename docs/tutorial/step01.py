"""A WSGI application is a function of two arguments."""

from wsgiref.simple_server import make_server


def app(environ, start_response):
    start_response("200 OK", [("Content-Type", "text/plain; charset=utf-8")])
    return [f"You asked for {environ['PATH_INFO']}".encode()]


if __name__ == "__main__":
    make_server("127.0.0.1", 8000, app).serve_forever()
