#!/usr/bin/env python3
"""A pantry with an API.  Run it, and open http://127.0.0.1:8080/docs."""

from dataclasses import asdict, dataclass
from datetime import date
from itertools import count
from typing import Annotated
from wsgiref.simple_server import make_server

from tropea.core import NotFound, Response, pipeline
from tropea.core.responses import JSONResponse
from tropea.dispatch import dispatcher_app
from tropea.openapi import OpenAPIMiddleware, describe, operation

Label = Annotated[str, {"minLength": 1, "maxLength": 40}]
Grams = Annotated[int, {"minimum": 1, "maximum": 100_000}]
Limit = Annotated[int, {"minimum": 1, "maximum": 100, "default": 20}]
Place = Annotated[str, {"enum": ["shelf", "fridge", "cellar"]}]


@dataclass
class Filling:
    """What is in a jar."""

    label: Label
    grams: Grams
    best_before: date | None = None
    place: Place = "shelf"


@dataclass
class Jar(Filling):
    """A jar of the pantry."""

    id: int = 0


jars: dict[int, Jar] = {}
numbers = count(1)
app = dispatcher_app(list_as="json")
MISSING = {404: "There is no such jar."}


def found(id):
    if id not in jars:
        raise NotFound()
    return jars[id]


def filling(request):
    """The validated body: dates are dates, and what the client left out has its default."""
    return {name: request.api.body[name] for name in Filling.__annotations__}


def as_json(jar):
    day = jar.best_before
    return {**asdict(jar), "best_before": day and day.isoformat()}


@app.match("/jars", "GET")
@operation(
    query={"place?": Place, "label?": str, "limit?": Limit},
    responses={200: list[Jar]},
)
def list_jars(request):
    """List the jars, the oldest first."""
    wanted = request.api.query
    chosen = [jar for jar in jars.values()
              if wanted.get("place", jar.place) == jar.place
              and wanted.get("label", "") in jar.label]  # fmt: skip
    return [as_json(jar) for jar in chosen[: wanted["limit"]]]


@app.match("/jars", "POST")
@operation(body=Filling, responses={201: ("The jar is in the pantry.", Jar)})
def add_jar(request):
    """Put a jar into the pantry."""
    jar = Jar(**filling(request), id=next(numbers))
    jars[jar.id] = jar
    while len(jars) > 1000:  # the pantry is small: the oldest goes
        del jars[next(iter(jars))]
    location = {"Location": show_jar.url(id=jar.id)}
    return JSONResponse(as_json(jar), status_code=201, headers=location)


@app.match("/jars/<id:int>", "GET")
@operation(responses={200: Jar, **MISSING})
def show_jar(request, id: int):
    """Show one jar."""
    return as_json(found(id))


@app.match("/jars/<id:int>", "PUT")
@operation(body=Filling, responses={200: Jar, **MISSING})
def change_jar(request, id: int):
    """Fill a jar anew."""
    found(id)
    jars[id] = Jar(**filling(request), id=id)
    return as_json(jars[id])


@app.match("/jars/<id:int>", "DELETE")
@operation(responses={204: "It is gone.", **MISSING}, security=[{"key": []}])
def eat_jar(request, id: int):
    """Take a jar out of the pantry; needs the key."""
    del jars[found(id).id]
    return Response(None, 204)


def holder(environ, key, scopes):
    """Judge a key: None is nobody's, False is one that opens another door."""
    return {"cook": "cook", "guest": False}.get(key)


SPEC = describe(
    app.routes(),
    "Pantry",
    security_schemes={"key": {"type": "apiKey", "in": "header", "name": "X-Pantry-Key"}},
)
application = pipeline(
    OpenAPIMiddleware.layer(SPEC, responses="raise", verifiers={"key": holder}), app
)

if __name__ == "__main__":
    with make_server("127.0.0.1", 8080, application) as server:
        server.serve_forever()
