"""The factory."""


def make_app(global_conf, name="wiki"):
    def app(environ, start_response):
        if environ["PATH_INFO"] == "/nothing":
            start_response("404 Not Found", [("Content-Type", "text/plain")])
            return [b"nothing"]
        start_response("200 OK", [("Content-Type", "text/plain")])
        return [f"{name} at {environ['SCRIPT_NAME']}{environ['PATH_INFO']}".encode()]

    return app
