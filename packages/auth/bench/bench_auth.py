"""What authentication adds to a request: CPU time, interleaved rounds, medians; answers checked.

    python packages/auth/bench/bench_auth.py
"""

import base64
import statistics
import time

from tropea.auth import AddressMiddleware, BasicAuthMiddleware, DigestAuthMiddleware, PasswordMap
from tropea.auth.hashing import password_digest, response_digest

ROUNDS, CALLS, REALM = 11, 3000, "Kitchen"
PASSWORDS = PasswordMap()
PASSWORDS.set(REALM, "ann", "secret")


def app(environ, start_response):
    start_response("200 OK", [("Content-Type", "text/plain"), ("Content-Length", "5")])
    return [b"hello"]


def digest_requests(layer):
    """Make as many different good requests as will be timed."""
    nonce = layer.policy.nonces.make()
    kept = password_digest("SHA-256", "ann", REALM, "secret")
    for count in range(1, CALLS + 1):
        given = {"nonce": nonce, "uri": "/", "nc": f"{count:08x}", "cnonce": "c0ffee"}
        answer = response_digest("SHA-256", kept, "GET", given, "auth")
        yield (
            f'Digest username="ann", realm="{REALM}", nonce="{nonce}", uri="/", algorithm=SHA-256, '
            f'response="{answer}", qop=auth, nc={given["nc"]}, cnonce="c0ffee"'
        )


def rows():
    basic = "Basic " + base64.b64encode(b"ann:secret").decode()
    digest = DigestAuthMiddleware(app, REALM, PASSWORDS, secret_key="k" * 32)
    yield "the application alone", app, lambda: ["-"] * CALLS
    yield "Basic, verified before", BasicAuthMiddleware(app, REALM, lambda u, p: True), lambda: [basic] * CALLS
    yield "Digest, SHA-256", digest, lambda: list(digest_requests(digest))
    yield "addresses, one network", AddressMiddleware(app, allow=("127.0.0.0/8",)), lambda: ["-"] * CALLS


def measure(layer, fields):
    environs = [
        {"REQUEST_METHOD": "GET", "SCRIPT_NAME": "", "PATH_INFO": "/", "QUERY_STRING": "",
         "REMOTE_ADDR": "127.0.0.1", "HTTP_AUTHORIZATION": field}
        for field in fields
    ]  # fmt: skip
    statuses = []
    start = lambda status, headers, exc_info=None: statuses.append(status)
    began = time.process_time()
    for environ in environs:
        layer(environ, start)
    spent = (time.process_time() - began) / CALLS * 1e6
    assert statuses == ["200 OK"] * CALLS, set(statuses)
    return spent


def main():
    candidates = list(rows())
    times = {name: [] for name, _, _ in candidates}
    for _ in range(ROUNDS):
        for name, layer, fields in candidates:
            times[name].append(measure(layer, fields()))
    base = statistics.median(times["the application alone"])
    print(f"{'':28}{'us':>8}{'added':>8}")
    for name, values in times.items():
        print(f"{name:28}{statistics.median(values):8.2f}{statistics.median(values) - base:8.2f}")


if __name__ == "__main__":
    main()
