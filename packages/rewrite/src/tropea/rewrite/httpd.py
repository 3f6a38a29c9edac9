"""Run an installed Apache on the loopback interface, and ask it what its rules make of requests.

For comparing: nothing of a site's own configuration is read, and everything is in a folder that is
removed afterwards.
"""

from __future__ import annotations

import http.client
import json
import os
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from tropea.rewrite.errors import RewriteError

_PROGRAMS = ("apache2", "httpd", "/usr/sbin/apache2", "/usr/sbin/httpd")
_MODULES = ("/usr/lib/apache2/modules", "/usr/lib64/httpd/modules", "/usr/lib/httpd/modules",
            "/usr/local/apache2/modules", "/usr/libexec/apache2")  # fmt: skip
_NEEDED = ("mpm_event", "unixd", "authz_core", "log_config", "env", "rewrite", "lua")
# Lua: what a request became, as JSON.
_ECHO = """
local function quoted(text)
  return '"' .. string.gsub(text or "", "[^%w /._~-]", function(c)
    return string.format("\\\\u%04x", string.byte(c)) end) .. '"'
end
function handle(r)
  if string.sub(r.filename or "", 1, 9) == "redirect:" then return apache2.DECLINED end
  r.content_type = "application/json"
  r:puts('{"file": ' .. quoted(r.filename) .. ', "path_info": ' .. quoted(r.path_info)
    .. ', "query": ' .. quoted(r.args) .. '}')
  return apache2.OK
end
"""


class ApacheError(RewriteError):
    """There is no usable Apache, or it does not take the rules."""


@dataclass(frozen=True)
class RuleText:
    """Rules for one virtual host.

    context: ``server`` or ``dir``.  base: in the latter, the URL of the directory.
    """

    text: str
    context: str = "server"
    base: str = "/"


@dataclass(frozen=True)
class Answer:
    """What Apache made of a request; path and query are empty where it answered itself."""

    status: int
    location: str = ""
    path: str = ""
    query: str = ""
    headers: Mapping[str, str] = field(default_factory=dict)


def find_apache() -> tuple[str, str] | None:
    """Return Apache's program and its folder of modules, or None."""
    program = next((found for name in _PROGRAMS if (found := shutil.which(name))), None)
    modules = next((path for path in _MODULES if (Path(path) / "mod_rewrite.so").exists()), None)
    if program is None or modules is None or not (Path(modules) / "mod_lua.so").exists():
        return None
    return program, modules


class Apache:
    """An Apache with one virtual host for each rule text; a context manager.

    files: what its document root holds: names that end in a slash are folders.
    root: a document root that is there already, instead of one with *files*.
    Raises ApacheError.
    """

    def __init__(
        self, texts: Sequence[RuleText], files: Sequence[str] = (), root: Path | None = None
    ) -> None:
        found = find_apache()
        if found is None:
            raise ApacheError("no Apache with mod_rewrite and mod_lua is installed")
        self.program, self.modules = found
        self.folder = Path(tempfile.mkdtemp(prefix="tropea-apache-"))
        self.folder.chmod(0o755)
        self.root = root.resolve() if root is not None else self.folder / "htdocs"
        if root is None:
            self.root.mkdir()
            _fill(self.root, files)
        self.ports = _free_ports(len(texts))
        (self.folder / "echo.lua").write_text(_ECHO)
        (self.folder / "httpd.conf").write_text(self._configuration(texts))
        self._process: subprocess.Popen[bytes] | None = None

    def _configuration(self, texts: Sequence[RuleText]) -> str:
        lines = [
            f'ServerRoot "{self.folder}"', f'PidFile "{self.folder}/pid"',
            f'ErrorLog "{self.folder}/error.log"', "LogLevel crit", "ServerName www.example.com",
            f'DefaultRuntimeDir "{self.folder}"', f'DocumentRoot "{self.root}"', "StartServers 1",
            "ServerLimit 1", "ThreadsPerChild 4", "MaxRequestWorkers 4", "TraceEnable Off",
        ]  # fmt: skip
        for name in _NEEDED:
            path = Path(self.modules) / f"mod_{name}.so"
            if path.exists():
                lines.append(f'LoadModule {name}_module "{path}"')
        if os.geteuid() == 0:
            lines += ["User nobody", "Group nogroup"]
        lines += [f'<Directory "{self.root}">', "Options FollowSymLinks", "AllowOverride None",
                  "Require all granted", "</Directory>"]  # fmt: skip
        for port, rules in zip(self.ports, texts, strict=True):
            lines += [f"Listen 127.0.0.1:{port}", f"<VirtualHost 127.0.0.1:{port}>"]
            lines += ["ServerName www.example.com", f'LuaMapHandler "." "{self.folder}/echo.lua"']
            if rules.context == "dir":
                folder = f"{self.root}{rules.base.rstrip('/')}"
                lines += [f'<Directory "{folder}">', "RewriteEngine On", rules.text,
                          "</Directory>"]  # fmt: skip
            else:
                lines += ["RewriteEngine On", rules.text]
            lines.append("</VirtualHost>")
        return "\n".join(lines) + "\n"

    def __enter__(self) -> Self:
        command = [self.program, "-f", str(self.folder / "httpd.conf")]
        tried = subprocess.run([*command, "-t"], capture_output=True, check=False)  # noqa: S603
        if tried.returncode:
            self._remove()
            raise ApacheError(tried.stderr.decode("utf-8", "replace").strip())
        self._process = subprocess.Popen(  # noqa: S603  the program found above
            [*command, "-DFOREGROUND"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        deadline = time.monotonic() + 15
        while not _listens(self.ports[-1]):
            if self._process.poll() is not None or time.monotonic() > deadline:
                self.__exit__(None, None, None)
                raise ApacheError("Apache does not start")
            time.sleep(0.02)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._process is not None:
            self._process.terminate()
            try:
                self._process.wait(10)
            except subprocess.TimeoutExpired:
                self._process.kill()
                self._process.wait()
        self._remove()

    def _remove(self) -> None:
        shutil.rmtree(self.folder, ignore_errors=True)

    def ask(
        self, index: int, target: str, headers: Mapping[str, str] | None = None, method: str = "GET"
    ) -> Answer:
        """Send a request to the virtual host of the text at *index*."""
        connection = http.client.HTTPConnection("127.0.0.1", self.ports[index], timeout=10)
        try:
            connection.putrequest(method, target, skip_host=True, skip_accept_encoding=True)
            for name, value in {"Host": "www.example.com", **(headers or {})}.items():
                connection.putheader(name, value)
            connection.endheaders()
            response = connection.getresponse()
            body = response.read()
        finally:
            connection.close()
        fields = {name.lower(): value for name, value in response.getheaders()}
        told: dict[str, Any] = json.loads(body) if response.status == 200 and body else {}
        path = told.get("file", "") + told.get("path_info", "")
        path = path.removeprefix(str(self.root))
        location = fields.get("location", "")
        return Answer(response.status, location, path, told.get("query", ""), fields)


def _fill(root: Path, files: Sequence[str]) -> None:
    for name in files:
        path = root / name
        if name.endswith("/"):
            path.mkdir(parents=True, exist_ok=True)
        else:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(name)


def _free_ports(count: int) -> list[int]:
    """Find ports that nobody listens on."""
    sockets = [socket.socket() for _ in range(count)]
    try:
        for each in sockets:
            each.bind(("127.0.0.1", 0))
        return [each.getsockname()[1] for each in sockets]
    finally:
        for each in sockets:
            each.close()


def _listens(port: int) -> bool:
    with socket.socket() as client:
        client.settimeout(1)
        return client.connect_ex(("127.0.0.1", port)) == 0
