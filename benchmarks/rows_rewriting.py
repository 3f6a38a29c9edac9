"""Rewriting by 10 … 1,000 rules, beside a loop over the same patterns."""

import re

from timing import FUNCTION_FLOOR, Row, Target, function

ENVIRON = {"REQUEST_METHOD": "GET", "HTTP_HOST": "localhost", "wsgi.url_scheme": "http"}


def pattern(number):
    return rf"/s{number}x/(\d+)/(\w+)"


def tropea(count, path):
    from tropea.rewrite import Rule, RuleList

    rules = RuleList([Rule(pattern(n), f"/t{n}/{{2}}/{{1}}") for n in range(count)])

    def answer():
        verdict = rules.decide(path, "", ENVIRON)
        return verdict and verdict.path

    return function(lambda: rules.decide(path, "", ENVIRON), answer)


def loop(count, path):
    rules = [(re.compile(pattern(n)).fullmatch, rf"/t{n}/\2/\1") for n in range(count)]

    def decide():
        for match, template in rules:
            found = match(path)
            if found is not None:
                return found.expand(template)
        return None

    return function(decide, decide)


def hyperscan(count, path):
    import hyperscan as library

    patterns = [re.compile(pattern(n)) for n in range(count)]
    templates = [rf"/t{n}/\2/\1" for n in range(count)]
    database = library.Database()
    database.compile(
        expressions=[f"^{pattern(n)}$".encode() for n in range(count)],
        ids=list(range(count)),
        flags=[library.HS_FLAG_SINGLEMATCH] * count,
    )
    scratch = library.Scratch(database)
    encoded = path.encode()

    def decide():
        found = []
        database.scan(encoded, match_event_handler=lambda n, *_: found.append(n), scratch=scratch)
        if not found:
            return None
        first = min(found)
        return patterns[first].fullmatch(path).expand(templates[first])

    return function(decide, decide)


def rows():
    for count in (10, 100, 1000):
        last = count - 1
        for case, path, expected, limit in (
            ("the last rule", f"/s{last}x/42/abc", f"/t{last}/abc/42", 0.03),
            ("no rule", "/nothing/42/abc", None, 0.01),
        ):
            makers = {"Tropea": tropea, "a loop": loop, "hyperscan": hyperscan}
            yield Row(
                "rewriting", f"{case} of {count:,}",
                {n: lambda m=m, c=count, p=path: m(c, p) for n, m in makers.items()},
                expected, (Target(limit, "a loop"),) if count == 1000 else (),
                "each pattern has a literal segment; the loop tries compiled patterns one after the "
                "other, hyperscan is Intel's library in C, and re expands what it found",
                FUNCTION_FLOOR, curve=f"rules: {case}", size=count,
            )  # fmt: skip
