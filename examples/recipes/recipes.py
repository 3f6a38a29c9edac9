#!/usr/bin/env python3
"""The recipe book of Pesto's documentation.  Run it, and open http://127.0.0.1:8080/."""

from wsgiref import simple_server

from tropea.core import NotFound, Response, run_with_cgi, to_wsgi
from tropea.dispatch import despatcher_app, urldespatcher

despatcher = urldespatcher()

recipes = {
    'baked-beans': "Open a tin of baked beans. Put into a saucepan, heat and serve.",
    'toast': "Put a slice of bread under a grill for 2-3 minutes, turning once. Serve.",
}


@despatcher.match('/', 'GET')
def recipe_index(request):
    """
    Display an index of available recipes.
    """
    return Response(
        ['<html><body><h1>List of recipes</h1><ul>']
        + ['<li><a href="%s">%s</a></li>' % (show_recipe.url(recipe=r), r) for r in recipes]
        + ['</ul></body></html>']
    )


@despatcher.match('/recipes/recipe:.*', 'GET')
def show_recipe(request, recipe):
    """
    Display a single recipe
    """
    if recipe not in recipes:
        raise NotFound()
    return [
        '<html><body><h1>How to make %s</h1>' % recipe,
        '<p>%s</p><a href="%s">Back to index</a>' % (recipes[recipe], recipe_index.url()),
        '</body></html>'
    ]


app = despatcher_app(despatcher)
app = to_wsgi(app)

if __name__ == "__main__":
    import os

    if 'GATEWAY_INTERFACE' in os.environ:  # a CGI server runs it: Apache, for one
        run_with_cgi(app)
    else:
        httpd = simple_server.make_server('127.0.0.1', 8080, app)
        httpd.serve_forever()
