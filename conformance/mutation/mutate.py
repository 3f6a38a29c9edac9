"""Change the pure policy modules one operator at a time, and see whether their tests notice.

    python conformance/mutation/mutate.py                     # every change of every module: hours
    python conformance/mutation/mutate.py --sample 30         # thirty of each, chosen by the seed
    python conformance/mutation/mutate.py dates --list        # what survives, line by line

mutmut and cosmic-ray want one source folder for one package; a namespace of eleven is not that.  This changes the
syntax tree of one module in a forked process, puts the changed module where the import would find it, and runs the
module's own tests in that process.  A change that no test notices has survived: it is printed.
"""

from __future__ import annotations

import argparse
import ast
import contextlib
import importlib.util
import io
import json
import os
import random
import signal
import sys
import time
import types
from pathlib import Path

import hypothesis  # noqa: F401  imported before the forks, which then need not
import pytest

ROOT = Path(__file__).resolve().parents[2]
#: Seconds of processor time after which a change counts as noticed: the tests hang.
LONGEST = 8

#: Module: the test modules that are its own.
POLICIES = {
    "core.dates": ["core/tests/test_dates.py"],
    "core.entitytags": ["core/tests/test_lists.py", "core/tests/test_conditions.py"],
    "core.preconditions": ["core/tests/test_conditions.py"],
    "core.ranges": ["core/tests/test_ranges.py"],
    "core.directives": ["core/tests/test_lists.py"],
    "core.negotiation": ["core/tests/test_lists.py"],
    "core.fields": ["core/tests/test_fields.py"],
    "caching.freshness": ["caching/tests/test_policies.py", "caching/tests/test_http_cache.py"],
    "caching.storing": ["caching/tests/test_policies.py", "caching/tests/test_http_cache.py"],
    "caching.validation": ["caching/tests/test_policies.py", "caching/tests/test_http_cache.py"],
    "caching.invalidation": ["caching/tests/test_policies.py", "caching/tests/test_http_cache.py"],
    "sessions.merging": ["sessions/tests/test_properties.py", "sessions/tests/test_commit.py"],
    "sessions.timeouts": ["sessions/tests/test_lifecycle.py", "sessions/tests/test_properties.py"],
    "rewrite.targets": ["rewrite/tests/test_rules.py", "rewrite/tests/test_urlrewriter.py"],
    "static.paths": ["static/tests/test_paths.py"],
}

COMPARED = {ast.Lt: ast.LtE, ast.LtE: ast.Lt, ast.Gt: ast.GtE, ast.GtE: ast.Gt, ast.Eq: ast.NotEq, ast.NotEq: ast.Eq,
            ast.Is: ast.IsNot, ast.IsNot: ast.Is, ast.In: ast.NotIn, ast.NotIn: ast.In}  # fmt: skip
COUNTED = {ast.Add: ast.Sub, ast.Sub: ast.Add, ast.Mult: ast.FloorDiv, ast.FloorDiv: ast.Mult, ast.Mod: ast.Mult}


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


def count(source):
    tree = ast.parse(source)
    silent = skipped(tree)
    return [(getattr(node, "lineno", 0), words) for node, words, _ in places(tree) if id(node) not in silent]


def changed(source, number):
    """Return the code of the module with its change *number* made."""
    tree = ast.parse(source)
    silent = skipped(tree)
    made = [change for node, _, change in places(tree) if id(node) not in silent]
    made[number]()
    return ast.fix_missing_locations(tree)


def warm(tests):
    """Load pytest's plugins and whatever the tests import from elsewhere, once for all forks."""
    with contextlib.redirect_stdout(io.StringIO()):
        pytest.main(["--collect-only", "-q", "-W", "ignore::pytest.PytestAssertRewriteWarning", "-p", "no:cacheprovider", *tests])


def forget():
    """Drop every module of ours, and of the tests: they are imported again, beside the changed one."""
    for name, module in list(sys.modules.items()):
        if str(getattr(module, "__file__", None) or "").startswith(str(ROOT / "packages")):
            del sys.modules[name]


def survives(name, file, number, tests):
    """Run the tests on the changed module in a process of its own; True where none of them fails."""
    child = os.fork()
    if child == 0:
        code = 1
        try:
            signal.setitimer(signal.ITIMER_PROF, LONGEST)
            said = os.open(os.environ.get("TROPEA_MUTATION_LOG", os.devnull), os.O_WRONLY | os.O_CREAT | os.O_APPEND)
            for stream in (1, 2):
                os.dup2(said, stream)
            forget()
            if number is not None:
                module = types.ModuleType(name)
                module.__file__, module.__spec__ = str(file), importlib.util.spec_from_file_location(name, file)
                module.__package__ = name.rpartition(".")[0]
                sys.modules[name] = module
                exec(compile(changed(file.read_text(), number), str(file), "exec"), module.__dict__)
            code = pytest.main(["-x", "-q", "-W", "ignore::pytest.PytestAssertRewriteWarning", "-o", "cache_dir=/tmp/tropea-mutation-cache", "-m", "not slow", "--hypothesis-profile=ci", *tests])
        except BaseException as problem:
            os.write(2, repr(problem).encode())
        os._exit(0 if code == 0 else 1)
    _, status = os.waitpid(child, 0)
    return status == 0


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("modules", nargs="*", help="a part of a module's name")
    parser.add_argument("--sample", type=int, help="changes of each module, chosen at random")
    parser.add_argument("--minutes", type=float, help="a module is left after so many; its changes come in an order chosen by the seed")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--list", action="store_true", help="name the survivors")
    parser.add_argument("--json", type=Path, help="write the figures here")
    options = parser.parse_args()
    os.chdir(ROOT)
    total, figures = [0, 0], {}
    for short, names in POLICIES.items():
        if options.modules and not any(word in short for word in options.modules):
            continue
        file = ROOT / "packages" / short.partition(".")[0] / "src" / "tropea" / Path(*short.split(".")).with_suffix(".py")
        tests = [str(ROOT / "packages" / name) for name in names]
        warm(tests)
        if not survives(f"tropea.{short}", file, None, tests):
            print(f"{short}: its tests fail without any change", flush=True)
            figures[short] = {"error": "tests fail unchanged"}
            continue
        all_places = count(file.read_text())
        numbers = list(range(len(all_places)))
        if options.sample and options.sample < len(numbers):
            numbers = sorted(random.Random(options.seed).sample(numbers, options.sample))
        if options.minutes:
            random.Random(options.seed).shuffle(numbers)
        ends, alive, tried = time.monotonic() + 60 * (options.minutes or 1e6), [], []
        for number in numbers:
            if time.monotonic() >= ends:
                break
            tried.append(number)
            if survives(f"tropea.{short}", file, number, tests):
                alive.append(number)
                if options.list:
                    print(f"  survived: line {all_places[number][0]}: {all_places[number][1]}", flush=True)
            if options.list:
                print(f"  {len(tried)} tried, {len(tried) - len(alive)} noticed", flush=True)
        numbers, alive = tried, sorted(alive)
        total[0] += len(numbers)
        total[1] += len(numbers) - len(alive)
        figures[short] = {"possible": len(all_places), "tried": len(numbers), "noticed": len(numbers) - len(alive),
                          "survived": [f"line {all_places[n][0]}: {all_places[n][1]}" for n in alive]}  # fmt: skip
        print(f"{short}: {len(numbers) - len(alive)} of {len(numbers)} noticed ({len(all_places)} possible)", flush=True)
        if options.list:
            for line in figures[short]["survived"]:
                print(f"    {line}", flush=True)
        if options.json:
            options.json.write_text(json.dumps(figures, indent=1) + "\n")
    print(f"{total[1]} of {total[0]} noticed" + (f", {100 * total[1] / total[0]:.0f} %" if total[0] else ""))


if __name__ == "__main__":
    main()
