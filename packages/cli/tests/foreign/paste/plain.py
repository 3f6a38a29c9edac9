"""An application of Paste's time."""


def make_app(global_conf, greeting="hello"):
    def app(environ, start_response):
        start_response("200 OK", [("Content-Type", "text/plain")])
        return [f"{greeting} {environ['PATH_INFO']}".encode()]

    return app


def fill(app, global_conf, **options):
    print("filled for", options["greeting"])
