"""Start a server again whenever a file that matters to it changes.

A parent runs the server as a child.  It watches the folder it was started in, that of the ini
file, and every folder outside the installation that the child has imported a module from: the
child writes their names into a file that the parent reads.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import sysconfig
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from tropea.cli.terminal import tell

#: The file that a child writes the folders of its modules to; unset in a parent.
CHILD = "TROPEA_SERVE_CHILD"
#: Code, configuration and templates; no kind of file that a running site writes itself.
WATCHED = {
    ".py", ".ini", ".cfg", ".conf", ".toml", ".html", ".mako", ".mak", ".jinja2", ".pt",
}  # fmt: skip
_SKIPPED = {"__pycache__", "node_modules", "site-packages"}
_MANY = 20_000
_EVERY = 0.4
"""Seconds between two looks."""
Stamps = dict[Path, int]


def is_child() -> bool:
    """Tell whether this process is the one that serves."""
    return bool(os.environ.get(CHILD))


def tell_parent() -> None:
    """Write down, in a child, the folders that its modules come from."""
    file = os.environ.get(CHILD)
    if file and Path(file).is_file():
        Path(file).write_text("\n".join(sorted(map(str, own_folders()))), "utf-8")


def own_folders() -> set[Path]:
    """List the folders of imported modules that are edited, not installed."""
    found = set()
    installed = [Path(p).resolve() for p in {*sysconfig.get_paths().values(), sys.prefix}]
    for module in list(sys.modules.values()):
        file = getattr(module, "__file__", None)
        if not file or not os.path.isabs(file):  # noqa: PTH117
            continue
        folder = Path(file).resolve().parent
        if not any(folder.is_relative_to(place) for place in installed):
            found.add(folder)
    return found


def reload_forever(folders: list[Path]) -> int:
    """Run ourselves as a child, and again whenever something changes; return the exit status."""
    signal.signal(signal.SIGTERM, _interrupt)
    with tempfile.TemporaryDirectory(prefix="tropea-") as place:
        file = Path(place, "folders")
        file.touch()
        command = [sys.executable, "-m", "tropea.cli", *sys.argv[1:]]

        def watched() -> list[Path]:
            return outermost([*folders, *map(Path, file.read_text("utf-8").splitlines())])

        while True:
            before = stamps(watched())
            child = subprocess.Popen(command, env={**os.environ, CHILD: str(file)})  # noqa: S603  ourselves
            try:
                changed = _wait(before, watched, child)
            except KeyboardInterrupt:
                _end(child)
                return 0
            _end(child)
            if changed is None:
                return 0
            tell(f"{changed.name} changed: starting again")


def _interrupt(_number: int, _frame: Any) -> None:
    raise KeyboardInterrupt


def _wait(
    before: Stamps, watched: Callable[[], list[Path]], child: subprocess.Popen[bytes]
) -> Path | None:
    """Return the first file that changes; None where the child has ended as it should."""
    has_failed = False
    for changed in changes(before, watched):
        if changed is not None:
            return changed
        if not has_failed and child.poll() is not None:
            if child.returncode == 0:
                return None
            has_failed = True
            tell("stopped by an error; waiting for a change")
    return None


def _end(child: subprocess.Popen[bytes]) -> None:
    if child.poll() is None:
        child.send_signal(signal.SIGTERM)
        try:
            child.wait(5)
        except subprocess.TimeoutExpired:
            child.kill()
            child.wait()


def changes(before: Stamps, watched: Callable[[], list[Path]]) -> Iterator[Path | None]:
    """Yield files that are not as they were *before*, and None every now and then.

    watched: tells the folders; what it adds later is watched from then on.
    """
    began = time.time_ns()
    folders: list[Path] = []
    alarms: Iterator[bool] = iter(())
    while True:
        if watched() != folders:
            added = stamps([folder for folder in watched() if folder not in folders])
            for path in added.keys() - before.keys():
                if added[path] < began:  # else it was written before we knew of its folder
                    before[path] = added[path]
            folders = watched()
            alarms = _alarms(folders)
        if next(alarms):
            now = stamps(folders)
            different = now.keys() ^ before.keys() | {p for p in now if now[p] != before.get(p)}
            before = now
            yield from sorted(different)
        yield None


def _alarms(folders: list[Path]) -> Iterator[bool]:
    """Yield, every now and then, whether something may have changed; the first time it may."""
    try:
        from watchfiles import watch
    except ImportError:
        while True:
            threading.Event().wait(_EVERY)
            yield True
    wait = int(_EVERY * 1000)
    is_first = True
    for found in watch(
        *folders, watch_filter=_matters, rust_timeout=wait, yield_on_timeout=True, step=20
    ):
        yield bool(found) or is_first
        is_first = False


def _matters(_change: Any, path: str) -> bool:
    return Path(path).suffix in WATCHED


def outermost(folders: list[Path]) -> list[Path]:
    """Leave out what is missing, and folders inside others.

    >>> outermost([Path("/"), Path("/") / "no-such-folder"]) == [Path("/").resolve()]
    True
    """
    found: list[Path] = []
    for folder in sorted({path.resolve() for path in folders if path.is_dir()}):
        if not any(folder.is_relative_to(outer) for outer in found):
            found.append(folder)
    return found


def stamps(folders: list[Path]) -> Stamps:
    """Return when each watched file below *folders* was written last, in nanoseconds."""
    found: Stamps = {}
    for folder in folders:
        for place, inner, names in os.walk(folder):
            inner[:] = [name for name in inner if name[0] != "." and name not in _SKIPPED]
            for name in names:
                path = Path(place, name)
                if path.suffix not in WATCHED:
                    continue
                try:
                    found[path] = path.stat().st_mtime_ns
                except OSError:
                    continue  # it went away while we looked
            if len(found) > _MANY:
                return found
    return found
