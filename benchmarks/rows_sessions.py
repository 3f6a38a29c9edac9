"""Session layers: a session that exists is left alone, read, or changed."""

from timing import WSGI_FLOOR, Contender, Row, Target, ask, driven, make_environ

SECRET = "0123456789abcdef0123456789abcdef"


def counting(key, save=None):
    """An application that leaves alone, reads or adds to a counter, as its path says."""

    def app(environ, start_response):
        path, text = environ["PATH_INFO"], b"-"
        if path != "/untouched":
            session = environ[key]
            if path == "/written":
                session["n"] = session.get("n", 0) + 1
                if save:
                    save(session)
            text = b"%d" % session.get("n", 0)
        start_response(
            "200 OK", [("Content-Type", "text/plain"), ("Content-Length", str(len(text)))]
        )
        return [text]

    return app


def tropea(store, **options):
    from tropea.sessions import SessionMiddleware

    return SessionMiddleware(counting("tropea.session"), store, auto_purge_every=0, **options)


def memory(codec):
    from tropea.sessions import MemoryStore

    return tropea(MemoryStore(), codec=codec)


def sealed():
    from tropea.sessions import SealedCookieStore

    return tropea(SealedCookieStore(SECRET))


def beaker(**options):
    from beaker.middleware import SessionMiddleware as Beaker

    app = counting("beaker.session", save=lambda session: session.save())
    return Beaker(app, {"session.auto": False, **options})


def beaker_aes():
    return beaker(**{
        "session.type": "cookie", "session.encrypt_key": SECRET, "session.validate_key": SECRET,
        "session.data_serializer": "json",
    })  # fmt: skip


def pyramid_signed():
    from pyramid.request import Request
    from pyramid.response import Response
    from pyramid.session import JSONSerializer, SignedCookieSessionFactory

    factory = SignedCookieSessionFactory(SECRET, serializer=JSONSerializer(), set_on_exception=True)
    inner = counting("session")

    def app(environ, start_response):
        request = Request(environ)
        environ["session"] = factory(request)

        def start(status, headers, exc_info=None):
            response = Response()
            request._process_response_callbacks(response)
            cookies = [(n, v) for n, v in response.headerlist if n == "Set-Cookie"]
            return start_response(status, headers + cookies)

        return inner(environ, start)

    return app


def visited(app, path):
    """Make a contender that comes with a session in which the counter has been to 2."""
    cookie = ""
    for _ in range(2):
        _, _, headers = ask(app, make_environ(PATH_INFO="/written", HTTP_COOKIE=cookie))
        set_by = [value for name, value in headers if name.lower() == "set-cookie"]
        cookie = "; ".join(v.partition(";")[0] for v in set_by) or cookie
    fields = {"PATH_INFO": path, "HTTP_COOKIE": cookie}
    return Contender(
        driven(app),
        lambda: make_environ(**fields),
        lambda: ask(app, make_environ(**fields))[:2],
    )


def rows():
    answers = {"/untouched": b"-", "/read": b"2", "/written": b"3"}
    groups = {
        "in memory": (
            {"Tropea": lambda: memory("json"), "Tropea, msgspec": lambda: memory("msgspec"),
             "Beaker": lambda: beaker(**{"session.type": "memory"})},
            {"/untouched": [Target(0.5, "Beaker")], "/read": [Target(0.4, "Beaker")],
             "/written": [Target(0.5, "Beaker")]},
            "ours with hashed ids, expiry and compare-and-swap; Beaker's memory backend, auto off",
        ),
        "sealed cookie": (
            {"Tropea": sealed, "Pyramid signed": pyramid_signed, "Beaker AES": beaker_aes},
            {"/untouched": [], "/read": [Target(0.5, "Pyramid signed"), Target(0.15, "Beaker AES")],
             "/written": [Target(0.5, "Pyramid signed"), Target(0.15, "Beaker AES")]},
            "ours encrypts; Pyramid signs only, and its session is put into a WSGI application by "
            "hand, which makes its Request and Response; Beaker encrypts",
        ),
    }  # fmt: skip
    for kind, (makers, targets, given) in groups.items():
        for path, data in answers.items():
            yield Row(
                f"session {kind}", path[1:],
                {n: lambda m=m, p=path: visited(m(), p) for n, m in makers.items()},
                ("200", data), tuple(targets[path]), given, WSGI_FLOOR,
            )  # fmt: skip
