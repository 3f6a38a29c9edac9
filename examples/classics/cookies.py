#!/usr/bin/env python3
"""Cookies: read, read many of one name, set, clear.  Open http://127.0.0.1:8000/."""

from html import escape
from wsgiref import simple_server

from tropea.core import Cookie, Forbidden, Response, expire_cookie, to_wsgi
from tropea.dispatch import dispatcher_app

dispatcher = dispatcher_app()


@dispatcher.match("/", "GET")
def parts(request):
    """Show every cookie of one name: those of more specific paths come first."""
    numbers = [cookie.value for cookie in request.cookies_by_name("partnumber")]
    return "Parts: " + escape(", ".join(numbers) or "none")


@dispatcher.match("/secret", "GET")
def secret(request):
    """Let in whoever knows the word."""
    cookie = request.cookie_dict.get("secret_code")
    if cookie is None or cookie.value != "marmot":
        raise Forbidden()
    return "pass, friend"


@dispatcher.match("/order", "POST")
def order(request):
    """Set a cookie, as a field of the response."""
    cookie = Cookie("partnumber", "Rocket_Launcher_0001", path="/", maxage=3600, http_only=True)
    return Response(["ordered"], set_cookie=cookie)


@dispatcher.match("/cancel", "POST")
def cancel(request):
    """Clear it: the same cookie, of the same path, that has expired."""
    return Response(["cancelled"], set_cookie=expire_cookie("partnumber", path="/"))


application = to_wsgi(dispatcher)

if __name__ == "__main__":
    simple_server.make_server("127.0.0.1", 8000, application).serve_forever()
