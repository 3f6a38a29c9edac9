"""Lists of rules against a loop over the same rules.

CPU time, medians of interleaved rounds; every answer is compared before anything is measured.
Run: python packages/rewrite/bench/bench_rewrite.py
"""

from __future__ import annotations

import gc
import re
import statistics
import time

from tropea.rewrite import Rule, RuleList, apache_rules
from tropea.rewrite.conditions import header, method

ENVIRON = {
    "REQUEST_METHOD": "GET",
    "HTTP_HOST": "www.example.com",
    "HTTP_X": "1",
    "wsgi.url_scheme": "http",
}


class Loop:
    """What one would write: compiled patterns in a list, tried one after the other."""

    def __init__(self, rules):
        self.rules = [(re.compile(p).match, to, cond) for p, to, cond in rules]

    def decide(self, path, query, environ):
        for match, to, cond in self.rules:
            found = match(path)
            if found is not None and (cond is None or cond(environ)):
                return found.expand(to), query
        return None


class ApacheLoop:
    """The interpreter of Apache's language without its index."""

    def __init__(self, rules):
        self.rules = rules
        rules._simple = False
        rules.engine.queue = lambda state, note: rules.engine.index.entries

    def decide(self, path, query, environ):
        return self.rules.decide(path, query, environ)


def sets(count, indexed, conditions):
    get = lambda environ: environ["REQUEST_METHOD"] == "GET" and "HTTP_X" in environ
    plain, ours, lines = [], [], []
    for n in range(count):
        body = rf"s{n}x/(\d+)/(\w+)" if indexed else rf"(\d+)-s{n}x(\w+)"
        plain.append((rf"^/{body}$", rf"/t{n}/\2/\1", get if conditions else None))
        when = (method("GET"), header("X")) if conditions else ()
        ours.append(Rule(f"/{body}", f"/t{n}/{{2}}/{{1}}", when=when))
        if conditions:
            lines += ["RewriteCond %{REQUEST_METHOD} =GET", "RewriteCond %{HTTP:X} ."]
        lines.append(rf"RewriteRule ^/{body}$ /t{n}/$2/$1 [L]")
    return Loop(plain), RuleList(ours), "\n".join(lines)


def paths(count, indexed):
    form = "/s%dx/42/abc" if indexed else "/42-s%dxabc"
    return {
        "hit first": form % 0,
        "hit last": form % (count - 1),
        "no rule": "/nothing/42/abc" if indexed else "/nothing-42",
    }


def same(one, other):
    if one is None or other is None:
        return one is other
    return one == (other.path, other.query)


def cost(decide, path, number):
    start = time.process_time()
    for _ in range(number):
        decide(path, "a=1", ENVIRON)
    return (time.process_time() - start) / number * 1e6


def compare(contenders, path, count):
    numbers = {}
    for name, decide in contenders.items():
        once = max(cost(decide, path, 20), 0.05)
        numbers[name] = max(10, int(15_000 / once))
    rounds = {name: [] for name in contenders}
    for _ in range(5):
        for name, decide in contenders.items():
            rounds[name].append(cost(decide, path, numbers[name]))
    return {name: statistics.median(times) for name, times in rounds.items()}


def main():
    print(
        f"{'rules':>6} {'kind':<22} {'path':<10} {'loop us':>8} {'ours us':>8} {'ratio':>7}   "
        f"{'Apache loop':>11} {'Apache':>8} {'ratio':>7}"
    )
    for indexed in (True, False):
        for conditions in (False, True):
            for count in (10, 100, 1000):
                loop, ours, text = sets(count, indexed, conditions)
                apache = apache_rules(text)
                slow = ApacheLoop(apache_rules(text))
                for name, path in paths(count, indexed).items():
                    expected = loop.decide(path, "a=1", ENVIRON)
                    for other in (ours, apache, slow):
                        assert same(expected, other.decide(path, "a=1", ENVIRON)), (name, path)
                    gc.collect()
                    t = compare(
                        {
                            "loop": loop.decide,
                            "ours": ours.decide,
                            "slow": slow.decide,
                            "apache": apache.decide,
                        },
                        path,
                        count,
                    )
                    kind = ("segments" if indexed else "no segment") + (
                        " + conditions" if conditions else ""
                    )
                    print(
                        f"{count:>6} {kind:<22} {name:<10} {t['loop']:8.2f} {t['ours']:8.2f} {t['ours'] / t['loop']:7.3f}   "
                        f"{t['slow']:11.2f} {t['apache']:8.2f} {t['apache'] / t['slow']:7.3f}"
                    )


if __name__ == "__main__":
    main()
