"""The site of the browser's tests: each path is one thing that a page does with its session."""


def site(environ, start_response):
    session = environ["tropea.session"]
    path, query = environ["PATH_INFO"], environ.get("QUERY_STRING", "")
    headers = [("Content-Type", "text/html; charset=utf-8")]
    body = ""
    if path == "/login":
        session.regenerate()
        session["user"] = query
    elif path == "/set":
        key, _, value = query.partition("=")
        session[key] = value
    elif path == "/logout":
        session.invalidate()
    elif path == "/favicon.ico":
        start_response("404 Not Found", headers)
        return [b""]
    if path != "/logout":
        body = ",".join(f"{k}={session[k]}" for k in sorted(session))
    start_response("200 OK", headers)
    return [f"<!doctype html><title>t</title><p id=data>{body}</p>".encode()]
