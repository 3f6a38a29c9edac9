"""An application that counts visits in Beaker's session."""


def make_app(global_conf, word="visits"):
    def app(environ, start_response):
        session = environ["beaker.session"]
        session["visits"] = session.get("visits", 0) + 1
        session.save()
        start_response("200 OK", [("Content-Type", "text/plain")])
        return [f"{word}: {session['visits']}".encode()]

    return app


def fill(app, global_conf, **options):
    print("counts", options["word"])
