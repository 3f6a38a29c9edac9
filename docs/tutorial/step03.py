"""A dispatcher chooses the handler by path and method, and makes the paths too."""

from html import escape
from wsgiref.simple_server import make_server

from tropea.core import NotFound
from tropea.dispatch import dispatcher_app

RECIPES = {"toast": "Put a slice of bread under a grill.", "baked beans": "Open a tin."}

app = dispatcher_app()


@app.match("/", "GET")
def index(request):
    links = (f'<li><a href="{show.url(recipe=name)}">{escape(name)}</a>' for name in RECIPES)
    return f"<h1>Recipes</h1><ul>{''.join(links)}</ul>"


@app.match("/recipes/<recipe>", "GET")
def show(request, recipe):
    if recipe not in RECIPES:
        raise NotFound("There is no such recipe.")
    return f"<h1>{escape(recipe)}</h1><p>{escape(RECIPES[recipe])}</p>"


if __name__ == "__main__":
    make_server("127.0.0.1", 8000, app).serve_forever()
