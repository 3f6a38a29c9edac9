r"""Turn rewriting lines of nginx and of Caddy into Apache's language.

These are ``rewrite`` and ``return`` of nginx, ``redir`` and ``rewrite`` of Caddy.  What has no
counterpart is kept as a comment that says so.

>>> print(convert("rewrite ^/old/(.*)$ /new/$1 permanent;", "nginx").text)
RewriteRule "^/old/(.*)$" "/new/$1" [R=301,L,QSA]
"""

from __future__ import annotations

import re
import shlex
from dataclasses import dataclass, field
from typing import Literal

from tropea.rewrite.errors import RuleError

#: nginx's variables that a target may use, and what they are in Apache's language.
_NGINX = {
    "host": "%{SERVER_NAME}", "http_host": "%{HTTP_HOST}", "scheme": "%{REQUEST_SCHEME}",
    "request_uri": "%{REQUEST_URI}", "uri": "%{REQUEST_URI}", "args": "%{QUERY_STRING}",
    "query_string": "%{QUERY_STRING}", "server_name": "%{SERVER_NAME}",
    "request_method": "%{REQUEST_METHOD}", "remote_addr": "%{REMOTE_ADDR}",
    "server_port": "%{SERVER_PORT}",
}  # fmt: skip
_CADDY = {
    "host": "%{SERVER_NAME}", "hostport": "%{HTTP_HOST}", "uri": "%{REQUEST_URI}",
    "path": "%{REQUEST_URI}", "http.request.uri": "%{REQUEST_URI}", "scheme": "%{REQUEST_SCHEME}",
    "query": "%{QUERY_STRING}",
    "http.request.host": "%{SERVER_NAME}", "method": "%{REQUEST_METHOD}",
}  # fmt: skip
_REDIRECTS = {"permanent": 301, "redirect": 302}
_CADDY_STATUS = {"permanent": 301, "temporary": 302, "html": 200}


@dataclass
class Converted:
    """What came out.

    text: rules in Apache's language.  left_out: for each line that could not be turned, its number,
    the line and the reason.
    """

    lines: list[str] = field(default_factory=list)
    left_out: list[tuple[int, str, str]] = field(default_factory=list)

    @property
    def text(self) -> str:
        return "\n".join(self.lines)


class _CannotSay(Exception):
    """A line has no counterpart; the message says why."""


def convert(source: str, dialect: Literal["nginx", "caddy"]) -> Converted:
    """Turn each line of *source*; raise RuleError for a dialect that is not known."""
    if dialect not in ("nginx", "caddy"):
        raise RuleError(f"convert: expected 'nginx' or 'caddy', got {dialect!r}")
    turn = _nginx if dialect == "nginx" else _caddy
    made = Converted()
    for number, line in enumerate(source.splitlines(), 1):
        text = line.strip()
        if not text or text.startswith("#"):
            made.lines.append(text)
            continue
        try:
            made.lines += turn(text)
        except _CannotSay as reason:
            made.left_out.append((number, text, str(reason)))
            made.lines.append(f"# line {number} not turned ({reason}): {text}")
    return made


def _words(text: str) -> list[str]:
    lexer = shlex.shlex(text, posix=True, punctuation_chars="")
    lexer.whitespace_split, lexer.escape, lexer.commenters = True, "", ""
    try:
        return list(lexer)
    except ValueError as error:
        raise _CannotSay(str(error)) from None


def _nginx(text: str) -> list[str]:
    if not text.endswith(";"):
        raise _CannotSay("blocks and unfinished lines stay yours")
    words = _words(text[:-1])
    if words[0] == "rewrite" and 3 <= len(words) <= 4:
        return _nginx_rewrite(words)
    if words[0] == "return" and 2 <= len(words) <= 3:
        return _nginx_return(words[1:])
    raise _CannotSay(f"{words[0]!r} is neither rewrite nor return")


def _nginx_rewrite(words: list[str]) -> list[str]:
    pattern, target = words[1], words[2]
    flag = words[3] if len(words) == 4 else ""
    absolute = re.match(r"https?://", target) or target.startswith("$scheme")
    flags: list[str] = []
    if flag in _REDIRECTS or absolute:
        flags += [f"R={_REDIRECTS.get(flag, 302)}", "L"]
    elif flag in {"last", "break"}:
        flags.append("END" if flag == "break" else "L")
    elif flag:
        raise _CannotSay(f"unknown flag {flag!r}")
    if not target.endswith("?"):
        flags.append("QSA")
    return [_rule(pattern, _target(target, _NGINX, r"\$(?:\{(\w+)\}|([A-Za-z_]\w*))"), flags)]


def _nginx_return(words: list[str]) -> list[str]:
    code, target = (words[0], words[1]) if len(words) == 2 else (words[0], "")
    if not code.isdigit():
        code, target = "302", words[0]
    if target and 300 <= int(code) <= 399:
        whole = _target(target, _NGINX, r"\$(?:\{(\w+)\}|([A-Za-z_]\w*))")
        return [_rule("^", whole, [f"R={code}", "L", *_keeps_query(target)])]
    if target:
        raise _CannotSay("a text to answer with has no counterpart")
    if code == "444":
        raise _CannotSay("closing the connection has no counterpart")
    return [_rule("^", "-", [f"R={code}"])]


def _keeps_query(target: str) -> list[str]:
    """Say that the query is left out, unless $request_uri brings it along."""
    return [] if "request_uri" in target else ["QSD"] if "?" not in target else []


def _caddy(text: str) -> list[str]:
    words = _words(text)
    name, words = words[0], words[1:]
    if name not in {"redir", "rewrite"}:
        raise _CannotSay(f"{name!r} is neither redir nor rewrite")
    if text.endswith("{"):
        raise _CannotSay("blocks stay yours")
    pattern = "^"
    if words and (words[0].startswith(("/", "*")) and len(words) > 1):
        matcher = words.pop(0)
        pattern = _caddy_pattern(matcher)
    elif words and words[0].startswith("@"):
        raise _CannotSay("named matchers stay yours; write RewriteCond lines")
    if not words:
        raise _CannotSay("no target")
    target = _target(words[0], _CADDY, r"\{(?:(\w[\w.]*)|())\}")
    if name == "rewrite":
        return [_rule(pattern, target, ["L"] if "?" in target else ["L", "QSA"])]
    code = words[1] if len(words) > 1 else "302"
    status = _CADDY_STATUS.get(code, int(code) if code.isdigit() else 0)
    if not 300 <= status <= 399:
        raise _CannotSay(f"{code!r} is no redirect")
    keep = [] if "{uri}" in words[0] or "?" in words[0] else ["QSD"]
    return [_rule(pattern, target, [f"R={status}", "L", *keep])]


def _caddy_pattern(matcher: str) -> str:
    if matcher == "*":
        return "^"
    return "^" + re.escape(matcher).replace(r"\*", ".*") + "$"


def _target(text: str, variables: dict[str, str], places: str) -> str:
    def replace(match: re.Match[str]) -> str:
        name = match[1] or match[2] or ""
        if name not in variables:
            raise _CannotSay(f"the variable {match[0]!r} has no counterpart")
        return variables[name]

    return re.sub(places, replace, text.replace("%", r"\%"))


def _rule(pattern: str, target: str, flags: list[str]) -> str:
    if '"' in pattern or '"' in target:
        raise _CannotSay("quotes inside")
    tail = f" [{','.join(flags)}]" if flags else ""
    return f'RewriteRule "{pattern}" "{target}"{tail}'
