"""A site as people write them for Pyramid."""

from pyramid.config import Configurator
from pyramid.response import Response


def home(request):
    return Response(
        f"the kitchen of {request.registry.settings['cook']}", content_type="text/plain"
    )


def show(request):
    return Response(f"a recipe for {request.matchdict['name']}", content_type="text/plain")


def main(global_config, **settings):
    with Configurator(settings=settings) as config:
        config.add_route("home", "/")
        config.add_route("recipe", "/recipes/{name}", request_method="GET")
        config.add_view(home, route_name="home")
        config.add_view(show, route_name="recipe")
        return config.make_wsgi_app()


def fill(app, global_conf, **options):
    print("the kitchen is ready for", options["cook"])
