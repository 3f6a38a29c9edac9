"""A form: the same path, another method, and a redirect after the post."""

from html import escape
from wsgiref.simple_server import make_server

from tropea.core import BadRequest, NotFound, see_other
from tropea.dispatch import dispatcher_app

RECIPES = {"toast": "Put a slice of bread under a grill."}
FORM = """<form method="post">
  <input name="name" placeholder="name"> <input name="method" placeholder="method">
  <button>Add</button>
</form>"""

app = dispatcher_app()


@app.match("/", "GET")
def index(request):
    links = (f'<li><a href="{show.url(recipe=name)}">{escape(name)}</a>' for name in RECIPES)
    return f"<h1>Recipes</h1><ul>{''.join(links)}</ul>{FORM}"


@app.match("/", "POST")
def add(request):
    name = request["name"].strip()  # a missing field is the client's error: 400
    if not name:
        raise BadRequest("A recipe needs a name.")
    RECIPES[name] = request["method"]
    return see_other(show.url(recipe=name))


@app.match("/recipes/<recipe>", "GET")
def show(request, recipe):
    if recipe not in RECIPES:
        raise NotFound("There is no such recipe.")
    return f"<h1>{escape(recipe)}</h1><p>{escape(RECIPES[recipe])}</p>"


if __name__ == "__main__":
    make_server("127.0.0.1", 8000, app).serve_forever()
