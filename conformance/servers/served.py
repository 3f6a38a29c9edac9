"""What every server serves here: the recipe book, and pages whose endings are counted."""

from __future__ import annotations

import json
import os
import sys
import threading
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "examples" / "onion"))

from onion.app import make_app

BLOCK = b"x" * 65536
LOCK = threading.Lock()
COUNTS = {"made": 0, "closed": 0, "twice": 0, "blocks": 0}


class Counted:
    """A body that knows how often it was closed, and may fail on its way."""

    def __init__(self, blocks, fails):
        self.blocks, self.fails, self.closed = blocks, fails, 0
        with LOCK:
            COUNTS["made"] += 1

    def __iter__(self):
        for _ in range(self.blocks):
            COUNTS["blocks"] += 1
            yield BLOCK
        if self.fails:
            raise RuntimeError("the body fails, as it was asked to")

    def close(self):
        with LOCK:
            self.closed += 1
            COUNTS["closed" if self.closed == 1 else "twice"] += 1


def resident():
    """Tell the resident memory of this process in KiB."""
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith("VmRSS:"):
            return int(line.split()[1])
    return 0


def counted(app):
    """Answer the counted pages in the place of the innermost application."""

    def inner(environ, start_response):
        path = environ["PATH_INFO"]
        if path == "/counted/counts":
            seen = {**COUNTS, "files": len(os.listdir("/proc/self/fd")), "kib": resident()}
            start_response("200 OK", [("Content-Type", "application/json")])
            return [json.dumps(seen).encode()]
        if path.startswith("/counted/"):
            start_response("200 OK", [("Content-Type", "application/octet-stream")])
            kind = path.rpartition("/")[2]
            return Counted({"normal": 2, "fails": 1, "long": 400}[kind], kind == "fails")
        return app(environ, start_response)

    return inner


application = make_app({}, var=os.environ["TROPEA_EXAMPLE_VAR"])
session_layer = application.layers[-2]
session_layer.app = counted(session_layer.app)
