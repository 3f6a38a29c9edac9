"""A handler takes a request and returns nearly anything."""

from wsgiref.simple_server import make_server

from tropea.core import to_wsgi


@to_wsgi
def app(request):
    name = request.query.getfirst("name", "you")
    return f"Hello {name}!", "text/plain"


if __name__ == "__main__":
    make_server("127.0.0.1", 8000, app).serve_forever()
