"""Change the pure policy modules one operator at a time, and see whether their tests notice.

    python conformance/mutation/mutate.py                     # every change of every module
    python conformance/mutation/mutate.py dates --list        # what survives, line by line
    python conformance/mutation/mutate.py --sample 30         # thirty of each, chosen by the seed
    python conformance/mutation/mutate.py --write             # figures.json: the figures, and what survived
    python conformance/mutation/mutate.py --table             # figures.json as the table of docs/reliability.md

mutmut and cosmic-ray want one source folder for one package; a namespace of eleven is not that.

The module's own tests (and its docstrings' examples) are collected once.  Each change has a process of its own,
forked from there: a change inside a function takes the place of that function's code, and the tests run, those first
that noticed the changes before.  What no test notices there, and every change outside of functions, is tried again from
the start: the changed module is put where an import would find it, everything of ours is imported and collected anew.
A change that no test notices even then has survived.  ``reviewed.json`` says why each survivor may.
"""

from __future__ import annotations

import argparse
import ast
import contextlib
import gc
import importlib
import importlib.machinery
import importlib.util
import inspect
import io
import json
import os
import random
import signal
import sys
import time
import types
from pathlib import Path

import hypothesis
import pytest

ROOT = Path(__file__).resolve().parents[2]
HERE = Path(__file__).resolve().parent
#: A test that takes longer, in seconds of processor time, is left out: thousands of changes wait for it.
PATIENCE = 0.2
#: So many times what all its tests take, and some seconds: a change after which they take longer is noticed, they hang.
TIMES, SECONDS = 3, 4

CACHING = ["caching/tests/test_verdicts.py", "caching/tests/test_policies.py"]
SESSIONS = ["sessions/tests/test_session_policies.py", "sessions/tests/test_properties.py"]
RULES = ["rewrite/tests/test_verdicts.py", "rewrite/tests/test_rules.py", "rewrite/tests/test_urlrewriter.py"]
APACHE = ["rewrite/tests/test_verdicts.py", "rewrite/tests/test_rule_lines.py", "rewrite/tests/test_apache_language.py"]
PATTERNS = ["rewrite/tests/test_patterns.py", "rewrite/tests/test_pattern_verdicts.py"]
FILES = ["static/tests/test_verdicts.py", "static/tests/test_paths.py"]
ROUTED = ["dispatch/tests/test_verdicts.py", "dispatch/tests/test_patterns.py"]
CREDENTIALS = ["auth/tests/test_verdicts.py"]

#: Module: the tests that are its own, files or names in them.
POLICIES = {
    "core.dates": ["core/tests/test_dates.py"],
    "core.entitytags": ["core/tests/test_conditions.py"],
    "core.preconditions": ["core/tests/test_conditions.py"],
    "core.ranges": ["core/tests/test_ranges.py"],
    "core.directives": ["core/tests/test_lists.py"],
    "core.negotiation": ["core/tests/test_lists.py"],
    "core.fields": ["core/tests/test_fields.py"],
    "core.cookies": ["core/tests/test_cookies.py"],
    "core.forwarded": ["core/tests/test_proxies.py"],
    "core.uris": ["core/tests/test_uris.py"],
    "caching.cachecontrol": ["caching/tests/test_cache_control.py", *CACHING],
    "caching.freshness": CACHING,
    "caching.storing": CACHING,
    "caching.cachekeys": CACHING,
    "caching.validation": CACHING,
    "caching.invalidation": CACHING,
    "caching.structured": CACHING,
    "caching.cachestatus": CACHING,
    "caching.parts": CACHING,
    "caching.etags": ["caching/tests/test_etags.py"],
    "sessions.merging": SESSIONS,
    "sessions.timeouts": SESSIONS,
    "sessions.cookies": SESSIONS,
    "sessions.headers": SESSIONS,
    "sessions.ids": SESSIONS,
    "sessions.origins": SESSIONS,
    "sessions.chunks": SESSIONS,
    "sessions.codecs": SESSIONS,
    "sessions.payloads": SESSIONS,
    "sessions.keyrings": SESSIONS,
    "sessions.sealing": SESSIONS,
    "sessions.records": SESSIONS,
    "rewrite.targets": RULES,
    "rewrite.templates": RULES,
    "rewrite.locations": RULES,
    "rewrite.segments": ["rewrite/tests/test_verdicts.py", "rewrite/tests/test_index.py"],
    "rewrite.patterns": PATTERNS,
    "rewrite.pcre": PATTERNS,
    "rewrite.runaway": PATTERNS,
    "rewrite.linear": PATTERNS,
    "rewrite.charsets": ["rewrite/tests/test_verdicts.py", "rewrite/tests/test_patterns.py"],
    "rewrite.apache.lines": APACHE,
    "rewrite.apache.flags": APACHE,
    "rewrite.apache.escapes": APACHE,
    "rewrite.apache.cookies": APACHE,
    "static.paths": FILES,
    "static.accepting": FILES,
    "static.dispositions": FILES,
    "static.mediatypes": FILES,
    "static.fieldrules": FILES,
    "static.references": FILES,
    "dispatch.patterns": ROUTED,
    "dispatch.syntax": ROUTED,
    "dispatch.segments": [*ROUTED, "dispatch/tests/test_regexes.py"],
    "dispatch.rawpatterns": ROUTED,
    "dispatch.converters": ROUTED,
    "dispatch.kinds": ROUTED,
    "dispatch.reversing": ["dispatch/tests/test_urls.py"],
    "dispatch.regexes": ["dispatch/tests/test_regexes.py"],
    "dispatch.automata": ["dispatch/tests/test_regexes.py"],
    "auth.authorization": CREDENTIALS,
    "auth.digest": CREDENTIALS,
    "auth.hashing": CREDENTIALS,
}

COMPARED = {ast.Lt: ast.LtE, ast.LtE: ast.Lt, ast.Gt: ast.GtE, ast.GtE: ast.Gt, ast.Eq: ast.NotEq, ast.NotEq: ast.Eq,
            ast.Is: ast.IsNot, ast.IsNot: ast.Is, ast.In: ast.NotIn, ast.NotIn: ast.In}  # fmt: skip
COUNTED = {ast.Add: ast.Sub, ast.Sub: ast.Add, ast.Mult: ast.FloorDiv, ast.FloorDiv: ast.Mult, ast.Mod: ast.Mult}

hypothesis.settings.register_profile(
    "mutation",
    deadline=None,
    database=None,
    max_examples=25,
    derandomize=True,
    phases=(hypothesis.Phase.explicit, hypothesis.Phase.generate),
    suppress_health_check=list(hypothesis.HealthCheck),
)


def places(tree):
    """Yield (node, words, change) for everything that can be changed; ``change()`` does it in place."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Compare):
            for at, operator in enumerate(node.ops):
                if type(operator) in COMPARED:
                    new = COMPARED[type(operator)]
                    yield node, f"{type(operator).__name__} -> {new.__name__}", lambda n=node, a=at, o=new: n.ops.__setitem__(a, o())
        elif isinstance(node, ast.BoolOp):
            new = ast.Or if isinstance(node.op, ast.And) else ast.And
            yield node, f"{type(node.op).__name__} -> {new.__name__}", lambda n=node, o=new: setattr(n, "op", o())
        elif isinstance(node, ast.BinOp) and type(node.op) in COUNTED and not isinstance(node.left, ast.Constant | ast.JoinedStr):
            new = COUNTED[type(node.op)]
            yield node, f"{type(node.op).__name__} -> {new.__name__}", lambda n=node, o=new: setattr(n, "op", o())
        elif isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.Not):
            yield node, "not x -> x", lambda n=node: (setattr(n, "op", ast.Not()), setattr(n, "operand", ast.UnaryOp(ast.Not(), n.operand)))
        elif isinstance(node, ast.Constant) and type(node.value) is int:
            yield node, f"{node.value} -> {node.value + 1}", lambda n=node: setattr(n, "value", n.value + 1)
        elif isinstance(node, ast.Constant) and type(node.value) is bool:
            yield node, f"{node.value} -> {not node.value}", lambda n=node: setattr(n, "value", not n.value)
        elif isinstance(node, ast.Return) and node.value is not None and not (isinstance(node.value, ast.Constant) and node.value.value is None):
            yield node, "return x -> return None", lambda n=node: setattr(n, "value", ast.Constant(None))
        elif isinstance(node, ast.If | ast.IfExp):
            yield node, "if x -> if not x", lambda n=node: setattr(n, "test", ast.UnaryOp(ast.Not(), n.test))


def skipped(tree):
    """Name the nodes that say nothing at run time: annotations, docstrings, __all__."""
    silent = set()
    for node in ast.walk(tree):
        for field in ("annotation", "returns"):
            if (part := getattr(node, field, None)) is not None:
                silent |= {id(one) for one in ast.walk(part)}
        if isinstance(node, ast.AnnAssign | ast.Assign) and "__all__" in ast.unparse(node)[:12]:
            silent |= {id(one) for one in ast.walk(node)}
    return silent


def functions(tree):
    """Return {id of a node: (qualified name, first line) of the outermost function in whose body it is}."""
    inside = {}

    def descend(node, prefix):
        for child in ast.iter_child_nodes(node):
            if isinstance(child, ast.ClassDef):
                descend(child, f"{prefix}{child.name}.")
            elif isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef):
                first = min([child.lineno, *(one.lineno for one in child.decorator_list)])
                for statement in child.body:
                    for one in ast.walk(statement):
                        inside[id(one)] = (prefix + child.name, first)
            elif isinstance(child, ast.If | ast.Try):
                descend(child, prefix)

    descend(tree, "")
    return inside


class Change:
    """One change of one module; without a number, the module as it is."""

    def __init__(self, file, source, number=None):
        self.file, self.number = file, number
        self.tree = ast.parse(source)
        if number is None:
            return
        silent = skipped(self.tree)
        made = [place for place in places(self.tree) if id(place[0]) not in silent]
        node, self.words, change = made[number]
        self.line = node.lineno
        self.function = functions(self.tree).get(id(node))
        text = source.splitlines()[node.lineno - 1]
        column = len(text.encode()[: node.col_offset].decode()) - (len(text) - len(text.lstrip()))
        self.where = f"{text.strip()}  [{column}: {self.words}]"
        change()

    def code(self):
        return compile(ast.fix_missing_locations(self.tree), str(self.file), "exec")

    def into(self, module):
        """Give the function that is loaded its changed code; tell whether that could be done."""
        if self.function is None:
            return False
        name, first = self.function
        function = module
        for part in name.split("."):
            function = inspect.getattr_static(function, part, None)
            for inner in ("fget", "func", "__func__"):
                function = getattr(function, inner, function) if not isinstance(function, type) else function
        try:
            function = inspect.unwrap(function)
            old = function.__code__
        except (AttributeError, ValueError):
            return False
        for code in codes(self.code()):
            if code.co_qualname == name == old.co_qualname and code.co_firstlineno == old.co_firstlineno == first:
                with contextlib.suppress(ValueError):
                    function.__code__ = code
                    return True
        return False

    def instead(self, name):
        """Import the changed module; by its package, as ever, where that imports it before it has begun itself."""
        sys.meta_path.insert(0, Finder(name, self))
        importlib.import_module(name)


class Finder(importlib.machinery.SourceFileLoader):
    """Finds and loads one module, changed."""

    def __init__(self, name, change):
        super().__init__(name, str(change.file))
        self.change = change

    def find_spec(self, name, path=None, target=None):
        return importlib.util.spec_from_loader(name, self) if name == self.name else None

    def get_code(self, fullname):
        return self.change.code()


def codes(code):
    yield code
    for one in code.co_consts:
        if isinstance(one, types.CodeType):
            yield from codes(one)


def amount(source):
    tree = ast.parse(source)
    silent = skipped(tree)
    return sum(id(node) not in silent for node, _, _ in places(tree))


def forget():
    """Drop every module of ours, and of the tests: they are imported again, beside the changed one."""
    for name, module in list(sys.modules.items()):
        if str(getattr(module, "__file__", None) or "").startswith(str(ROOT / "packages")):
            del sys.modules[name]


def arguments(file, tests):
    return ["-x", "--tb=no", "-W", "ignore::pytest.PytestAssertRewriteWarning", "-o", "cache_dir=/tmp/tropea-mutation-cache",
            "-m", "not slow", "-k", "not linear", "--hypothesis-profile=mutation", "--doctest-modules", str(file), *tests]  # fmt: skip


def in_child(work, seconds=0.0):
    """Run work() in a process of its own; return its result, BROKE where it broke or took too many seconds."""
    ours, theirs = os.pipe()
    sys.stdout.flush()
    child = os.fork()
    if child == 0:
        answer = BROKE
        try:
            os.close(ours)
            signal.setitimer(signal.ITIMER_PROF, seconds)
            said = os.open(os.environ.get("TROPEA_MUTATION_LOG", os.devnull), os.O_WRONLY | os.O_CREAT | os.O_APPEND)
            for stream in (1, 2):
                os.dup2(said, stream)
            answer = work()
        except BaseException as problem:
            os.write(2, repr(problem).encode())
        with open(theirs, "w") as pipe:
            json.dump(answer, pipe)
            pipe.flush()
            os._exit(0)
    os.close(theirs)
    with open(ours) as pipe:
        answer = pipe.read()
    os.waitpid(child, 0)
    return json.loads(answer) if answer else BROKE


SURVIVED, BROKE = -2, -1


class Leave:
    """A pytest plugin: leave some tests out."""

    def __init__(self, names):
        self.names = names

    def pytest_collection_modifyitems(self, items):
        items[:] = [item for item in items if item.nodeid not in self.names]


class Trials:
    """A pytest plugin: instead of running the tests once, run them for every change."""

    def __init__(self, name, file, numbers, source, tests, options):
        self.name, self.file, self.numbers, self.source, self.tests, self.options = name, file, numbers, source, tests, options
        self.alive, self.tried, self.items, self.slow, self.error = [], 0, [], set(), "its tests did not begin"

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtestloop(self, session):
        if session.testsfailed:
            self.error = "its tests cannot be collected"
            return True
        self.items, self.session, self.error = list(session.items), session, None
        if not self.items:
            self.error = "it has no tests"
            return True
        took = in_child(self.measure)
        if not isinstance(took, list):
            self.error = f"its tests fail without any change: {self.items[took].nodeid if took >= 0 else took}"
            return True
        self.slow = {item.nodeid for item, seconds in zip(self.items, took, strict=True) if seconds > PATIENCE}
        quick = sorted(zip(took, range(len(took)), strict=True))
        self.items = [self.items[at] for seconds, at in quick if seconds <= PATIENCE]
        gc.freeze()
        self.longest = SECONDS + TIMES * sum(seconds for seconds in took if seconds <= PATIENCE)
        unchanged = Change(self.file, self.source)
        if in_child(self.run_all, self.longest) != SURVIVED or in_child(lambda: self.anew(unchanged), self.longest + SECONDS) != SURVIVED:
            self.error = "its tests fail in another order, or a second time, without any change"
            return True
        ends = time.monotonic() + 60 * (self.options.minutes or 1e6)
        for number in self.numbers:
            if time.monotonic() >= ends:
                break
            self.tried += 1
            self.one(Change(self.file, self.source, number))
        return True

    def one(self, change):
        module = sys.modules[self.name]
        failing = in_child(lambda: self.run_all() if change.into(module) else SURVIVED, self.longest)
        if failing >= 0:
            self.items.insert(0, self.items.pop(failing))
        if failing == SURVIVED and in_child(lambda: self.anew(change), self.longest + SECONDS) == SURVIVED:
            self.alive.append(change)
            if self.options.list:
                print(f"  survived: line {change.line}: {change.where}", file=sys.__stderr__, flush=True)

    def run_all(self):
        items = self.items
        for at, item in enumerate(items):
            item.config.hook.pytest_runtest_protocol(item=item, nextitem=items[at + 1] if at + 1 < len(items) else None)
            if self.session.testsfailed:
                return at
        return SURVIVED

    def measure(self):
        """Return what each test takes, unchanged; the number of the first that fails."""
        took = []
        for at, item in enumerate(self.items):
            began = time.process_time()
            item.config.hook.pytest_runtest_protocol(item=item, nextitem=self.items[at + 1] if at + 1 < len(self.items) else None)
            took.append(time.process_time() - began)
            if self.session.testsfailed:
                return at
        return took

    def anew(self, change):
        forget()
        change.instead(self.name)
        return SURVIVED if pytest.main(arguments(self.file, self.tests), plugins=[Leave(self.slow)]) == 0 else BROKE


def try_module(short, options):
    """Return the figures of one module."""
    file = ROOT / "packages" / short.partition(".")[0] / "src" / "tropea" / Path(*short.split(".")).with_suffix(".py")
    tests = [str(ROOT / "packages" / name) for name in POLICIES[short]]
    source = file.read_text()
    possible = amount(source)
    numbers = list(range(possible))
    if options.sample and options.sample < possible:
        numbers = sorted(random.Random(options.seed).sample(numbers, options.sample))
    if options.minutes:
        random.Random(options.seed).shuffle(numbers)
    trials = Trials(f"tropea.{short}", file, numbers, source, tests, options)
    with contextlib.redirect_stdout(io.StringIO()) as said:
        code = pytest.main(arguments(file, tests), plugins=[trials])
    if code == pytest.ExitCode.INTERNAL_ERROR:
        trials.error = "pytest broke"
    if trials.error:
        return {"error": trials.error, "said": said.getvalue()[-2000:]}
    return {
        "possible": possible,
        "tried": trials.tried,
        "noticed": trials.tried - len(trials.alive),
        "tests": len(trials.items),
        "left out": len(trials.slow),
        "survived": [(one.line, one.where) for one in sorted(trials.alive, key=lambda one: one.number)],
    }


def in_a_process(short, options):
    """Try the module in a process of its own: what it imports and collects is not the next one's."""
    ours, theirs = os.pipe()
    sys.stdout.flush()
    child = os.fork()
    if child == 0:
        try:
            answer = try_module(short, options)
        except BaseException as problem:
            answer = {"error": repr(problem)}
        with open(theirs, "w") as pipe:
            json.dump(answer, pipe)
        os._exit(0)
    os.close(theirs)
    with open(ours) as pipe:
        answer = pipe.read()
    os.waitpid(child, 0)
    return json.loads(answer or '{"error": "its process ended"}')


def table(figures, reviewed):
    """Yield the rows of the figures, and the sum of all."""
    tried = noticed = 0
    for name, one in figures.items():
        tried, noticed = tried + one["tried"], noticed + one["noticed"]
        why = dict.fromkeys(reviewed.get(name, {}).get(left["change"]) for left in one["survived"])
        reasons = "; ".join(reason or "not explained" for reason in why)
        yield f"| {name} | {one['tried']} | {one['noticed']} ({100 * one['noticed'] // one['tried']} %) | {reasons} |"
    yield f"{len(figures)} modules: {noticed:,} of {tried:,} noticed, {100 * noticed / tried:.1f} %"


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("modules", nargs="*", help="a part of a module's name")
    parser.add_argument("--sample", type=int, help="changes of each module, chosen at random")
    parser.add_argument("--minutes", type=float, help="a module is left after so many; its changes come in an order chosen by the seed")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--list", action="store_true", help="name the survivors as they are found")
    parser.add_argument("--write", action="store_true", help="put the figures into figures.json beside this file")
    parser.add_argument("--table", action="store_true", help="print the figures that were kept, as a table")
    options = parser.parse_args()
    os.chdir(ROOT)
    kept, reviewed = HERE / "figures.json", json.loads((HERE / "reviewed.json").read_text())
    if options.table:
        print(*table(json.loads(kept.read_text()), reviewed), sep="\n")
        return 0
    total, unexplained = [0, 0], 0
    for short in POLICIES:
        if options.modules and not any(word in short for word in options.modules):
            continue
        began, answer = time.monotonic(), in_a_process(short, options)
        if "error" in answer:
            print(f"{short}: {answer['error']}\n{answer.get('said', '')}", flush=True)
            unexplained += 1
            continue
        total[0] += answer["tried"]
        total[1] += answer["noticed"]
        words = reviewed.get(short, {})
        answer["survived"] = [{"line": line, "change": where, "why": words.get(where)} for line, where in answer["survived"]]
        open_ = [one for one in answer["survived"] if one["why"] is None]
        unexplained += len(open_)
        print(f"{short}: {answer['noticed']} of {answer['tried']} noticed ({answer['possible']} possible), "
              f"{len(open_)} unexplained, {time.monotonic() - began:.0f} s", flush=True)  # fmt: skip
        for one in open_:
            print(f"    line {one['line']}: {one['change']}", flush=True)
        if options.write:
            figures = json.loads(kept.read_text()) if kept.exists() else {}  # another run may have written
            figures[short] = answer
            ordered = {name: figures[name] for name in POLICIES if name in figures}
            kept.write_text(json.dumps(ordered, indent=1) + "\n")
    print(f"{total[1]} of {total[0]} noticed" + (f", {100 * total[1] / total[0]:.0f} %" if total[0] else ""))
    return 1 if unexplained else 0


if __name__ == "__main__":
    sys.exit(main())
