"""F36 and F39: real servers whose clients leave, and that are told to stop."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import threading
import time
from collections import Counter
from pathlib import Path

from faultkit import ROOT, Line, experiment, folder, serving, size

SERVERS = "conformance/servers/test_servers.py"


@experiment("F36", "clients leave in mid-answer: 10,000 on waitress and on gunicorn, 200 on each other server here", "close() exactly once each; descriptors and memory as before", 12)
def disconnects():
    said = []
    for names, count in ((("waitress", "gunicorn-gthread"), size(10_000, 100)), (None, size(200, 10))):
        chosen = " or ".join(f"test_clients_that_leave_cost_nothing[{n}]" for n in names) if names else "not zzz"
        command = [sys.executable, "-m", "pytest", SERVERS, "-k", chosen, "-rs", "--no-header"]
        if names:
            command = [sys.executable, "-m", "pytest", "-rs", "--no-header", *(f"{SERVERS}::test_clients_that_leave_cost_nothing[{n}]" for n in names)]
        done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, env=os.environ | {"TROPEA_DISCONNECTS": str(count)})
        assert done.returncode == 0, done.stdout[-3000:]
        passed = re.search(r"(\d+) passed", done.stdout)[1]
        skipped = sorted({m for m in re.findall(r"SKIPPED.*?: ([\w.-]+): ", done.stdout)})
        said.append(f"{count} each on {' and '.join(names)}: held" if names else
                    f"the whole of {SERVERS} with {count} on each: {passed} tests passed" + (f"; not here: {', '.join(skipped)}" if skipped else ""))  # fmt: skip
    return "; ".join(said)


@experiment("F39", "SIGTERM in mid-request", "what was acknowledged is in the store; close() ran", 0.7)
def stopped():
    said = []
    commands = {
        "gunicorn": ("gunicorn", "-b", "127.0.0.1:{port}", "-k", "gthread", "--threads", "8", "served:application"),
        "uwsgi": ("uwsgi", "--http-socket", "127.0.0.1:{port}", "--module", "served:application", "--need-app", "--master", "--threads", "8",
                  "--die-on-term", "--virtualenv", sys.prefix, "--hook-master-start", "unix_signal:15 gracefully_kill_them_all"),
    }  # fmt: skip
    for name, command in commands.items():
        if not (Path(sys.executable).parent / command[0]).exists():
            said.append(f"{name}: not installed")
            continue
        with folder() as where:
            closed = where / "closed"
            closed.touch()
            environ = {"TROPEA_STORE": f"sqlite:///{where}/s.db", "TROPEA_CLOSED": str(closed)}
            rounds = size(5, 1)
            slow_done = acknowledged_all = 0
            for _ in range(rounds):
                with serving(*command, env=environ) as (port, process):
                    assert Line(port).get("/plain")[0] == 200  # it has started, and not only its socket
                    lines, acknowledged, slow, stop = [Line(port) for _ in range(4)], [{} for _ in range(4)], Counter(), threading.Event()

                    def writes(number, lines=lines, acknowledged=acknowledged, stop=stop):
                        turn = 0
                        while not stop.is_set():
                            turn += 1
                            try:
                                status, _ = lines[number].get(f"/set?k={turn}", 5)
                            except OSError:
                                return
                            if status == 200:
                                acknowledged[number] = turn

                    def reads_slowly(number, port=port, slow=slow):
                        slow["asked"] += 1
                        try:
                            status, text = Line(port).get(f"/slow?n={number}", 20)
                            slow["whole" if status == 200 and len(text) == 20_000 else f"{status}, {len(text)}"] += 1
                        except OSError as error:
                            slow[repr(error)] += 1

                    threads = [threading.Thread(target=writes, args=(n,)) for n in range(4)] + [threading.Thread(target=reads_slowly, args=(n,)) for n in range(3)]
                    for thread in threads:
                        thread.start()
                    time.sleep(0.5)
                    process.send_signal(signal.SIGTERM)
                    process.wait(30)
                    stop.set()
                    for thread in threads:
                        thread.join(30)
                slow_done += slow["whole"]
                with serving(*command, env=environ) as (port, _):
                    for line, turn in zip(lines, acknowledged):
                        line.port = port
                        assert not turn or int(line.get("/get?k")[1]) >= turn, (name, turn)
                        acknowledged_all += turn or 0
            bodies = len(closed.read_text().splitlines())
            assert bodies == 3 * rounds, (name, bodies, slow)
            said.append(f"{name}: {rounds} stops, {acknowledged_all} acknowledged writes all there, {slow_done} of {3 * rounds} running answers ended whole, close() ran {bodies} times")
    return "; ".join(said)
