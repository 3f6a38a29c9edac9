"""Measure contenders in turns: CPU time, medians of interleaved rounds, answers checked first.

What the loop and the call cost without anybody's work (the *floor*) is measured in the same
rounds and taken off, so that ratios compare work with work.
"""

import gc
import io
import statistics
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

#: CPU seconds that one contender gets in one round.
SLICE = 0.02


@dataclass(frozen=True)
class Contender:
    """Something to be timed: ``act`` is called with what ``give`` makes; ``answer`` shows it works."""

    act: Callable[[Any], object]
    give: Callable[[], Any]
    answer: Callable[[], object]


@dataclass(frozen=True)
class Target:
    """At most *limit* times *peer*; without a peer, at most so many µs."""

    limit: float
    peer: str = ""


@dataclass
class Row:
    """One line of the table.

    makers: name -> a function that makes the contender; the first is ours.  ImportError leaves it out.
    given: what the peers were given, for the reader to judge.
    curve, size: the growth curve that the row is a point of.
    flat: how much longer the largest size of the curve may take than the smallest.
    """

    concern: str
    case: str
    makers: dict[str, Callable[[], Contender]]
    expected: object
    targets: tuple[Target, ...] = ()
    given: str = ""
    floor: Contender | None = None
    curve: str = ""
    size: int = 0
    flat: float | None = None


@dataclass
class Figure:
    """Median µs of one contender, and the rounds it is the median of."""

    name: str
    rounds: list[float] = field(default_factory=list)

    @property
    def us(self) -> float:
        return statistics.median(self.rounds)


def measure(row: Row, rounds: int) -> tuple[list[Figure], list[str]]:
    """Check, then time every contender of a row; return the figures and who is not installed."""
    contenders, missing = {}, []
    for name, make in row.makers.items():
        try:
            contender = make()
        except ImportError as error:
            missing.append(f"{name} ({error.name})")
            continue
        answer = contender.answer()
        if answer != row.expected:
            raise SystemExit(f"{row.concern}, {row.case}: {name} answers {answer!r}")
        contenders[name] = contender
    floor = row.floor or next(iter(contenders.values()))
    gc.collect()
    gc.freeze()  # what other rows left is not looked through before each round
    numbers = {name: number_of_calls(contender) for name, contender in contenders.items()}
    figures = {name: Figure(name) for name in contenders}
    for _ in range(rounds):
        nothing = timed(floor, 2000) if row.floor else 0.0
        for name, contender in contenders.items():
            figures[name].rounds.append(max(timed(contender, numbers[name]) - nothing, 0.001))
    gc.unfreeze()
    return list(figures.values()), missing


def number_of_calls(contender: Contender) -> int:
    timed(contender, 20)
    once = max(timed(contender, 50), 0.05) / 1e6
    return max(10, min(5000, int(SLICE / once)))


def timed(contender: Contender, number: int) -> float:
    """Return the µs of CPU time that one call takes."""
    act, arguments = contender.act, [contender.give() for _ in range(number)]
    gc.collect()
    gc.disable()
    began = time.process_time()
    for argument in arguments:
        act(argument)
    taken = time.process_time() - began
    gc.enable()
    return taken / number * 1e6


def ratio(ours: Figure, theirs: Figure) -> tuple[float, float, float]:
    """Return the median of the rounds' ratios, and its quartiles."""
    values = [a / b for a, b in zip(ours.rounds, theirs.rounds, strict=True)]
    low, middle, high = statistics.quantiles(values, n=4)
    return low, middle, high


# -- WSGI


def make_environ(body=b"", **fields):
    """Describe a request as a server does, with what browsers send."""
    return {
        "REQUEST_METHOD": "POST" if body else "GET", "SCRIPT_NAME": "", "PATH_INFO": "/", "QUERY_STRING": "",
        "SERVER_NAME": "localhost", "SERVER_PORT": "80", "SERVER_PROTOCOL": "HTTP/1.1",
        "REMOTE_ADDR": "192.0.2.1", "HTTP_HOST": "localhost", "HTTP_ACCEPT": "*/*",
        "HTTP_USER_AGENT": "bench", "HTTP_ACCEPT_ENCODING": "identity", "wsgi.version": (1, 0),
        "wsgi.url_scheme": "http", "wsgi.input": io.BytesIO(body), "wsgi.errors": sys.stderr,
        "wsgi.multithread": True, "wsgi.multiprocess": False, "wsgi.run_once": False,
        "HTTP_ACCEPT_LANGUAGE": "en", "HTTP_CONNECTION": "keep-alive", "HTTP_SEC_FETCH_SITE": "none",
        "HTTP_SEC_FETCH_MODE": "navigate", "SERVER_SOFTWARE": "bench", "REMOTE_PORT": "50000",
        "CONTENT_LENGTH": str(len(body)) if body else "", "CONTENT_TYPE": "", **fields,
    }  # fmt: skip


def start(status, headers, exc_info=None):
    """Take a head as a server would, and do nothing with it."""


def driven(app):
    """Call an application, read its body to the end and close it."""

    def act(environ):
        body = app(environ, start)
        for _ in body:
            pass
        close = getattr(body, "close", None)
        if close is not None:
            close()

    return act


def ask(app, environ):
    """Return the code, the body and the fields of an answer."""
    heads = []
    body = app(environ, lambda status, headers, exc_info=None: heads.append((status, headers)))
    data = b"".join(body)
    if hasattr(body, "close"):
        body.close()
    return heads[-1][0][:3], data, heads[-1][1]


def wsgi(app, body=b"", **fields):
    """Make a contender of an application and a request."""
    return Contender(
        driven(app),
        lambda: make_environ(body, **fields),
        lambda: ask(app, make_environ(body, **fields))[:2],
    )


def function(call, answer):
    """Make a contender of a function without arguments."""
    return Contender(lambda _: call(), lambda: None, answer)


#: Calls nobody.
WSGI_FLOOR = wsgi(lambda environ, start_response: ())
FUNCTION_FLOOR = function(lambda: None, lambda: None)
