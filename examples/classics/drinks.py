#!/usr/bin/env python3
"""Decorators of handlers: JSON, no-cache, and water into wine.  Open http://127.0.0.1:8000/."""

import json
from functools import wraps
from wsgiref import simple_server

from tropea.core import Response, to_wsgi
from tropea.dispatch import dispatcher_app

dispatcher = dispatcher_app()


def as_json(handler):
    """Let a handler return a data structure, sent as JSON; a Response passes as it is."""

    @wraps(handler)
    def answer(request, *args, **kwargs):
        result = handler(request, *args, **kwargs)
        if isinstance(result, Response):
            return result
        return Response([json.dumps(result)], content_type="application/json")

    return answer


def nocache(handler):
    """Tell browsers and proxies to keep nothing of what a handler answers."""

    @wraps(handler)
    def answer(request, *args, **kwargs):
        response = handler(request, *args, **kwargs)
        response = response.add_header("Cache-Control", "no-cache, no-store, must-revalidate")
        return response.add_header("Expires", "Mon, 26 Jul 1997 05:00:00 GMT")

    return answer


def water_into_wine(handler):
    """Change the text of an answer while it streams."""

    @wraps(handler)
    def miracle(*args, **kwargs):
        response = handler(*args, **kwargs)
        return response.replace(content=(piece.replace("water", "wine") for piece in response.content))

    return miracle


@dispatcher.match("/", "GET")
@water_into_wine
@nocache
@as_json
def preferred_drink(request):
    return {"preferred-drink": "water"}


application = to_wsgi(dispatcher)

if __name__ == "__main__":
    simple_server.make_server("127.0.0.1", 8000, application).serve_forever()
