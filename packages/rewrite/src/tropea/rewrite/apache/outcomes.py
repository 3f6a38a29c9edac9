"""What a run over the rules comes to: an answer, a hand-over, or the request that goes on."""

from __future__ import annotations

from collections.abc import Callable

from tropea.rewrite.apache.engine import Run
from tropea.rewrite.apache.escapes import RAW, escape_controls, escape_uri
from tropea.rewrite.apache.paths import dot_segments, merge_slashes, normalise
from tropea.rewrite.apache.state import State
from tropea.rewrite.apache.substitutions import Refused, scheme_length
from tropea.rewrite.verdicts import Verdict

#: Makes a URL's path of what the rules made: of a file's name, in a directory's context.
ToURL = Callable[[str], str]


def answered(state: State, run: Run, args: str | None, to_url: ToURL) -> Verdict | None:
    """Return the answer that a run asks for: a status, a hand-over or a redirect.

    args: the query that the client asked with.  None where the request goes on.
    """
    if not run.changed and not run.status:
        return None
    absolute = run.changed and scheme_length(state.filename)
    will_escape = absolute and not run.no_escape and not run.proxy
    if state.args and not will_escape and RAW.search(state.args):
        return finished(state, 403)
    if run.status:
        return finished(state, run.status)
    if run.proxy:
        return handed_over(state)
    if absolute:
        return finished(state, run.redirect or 302, location(state, run, args, to_url))
    if run.redirect:  # a later rule made a path of it again
        state.own = state.origin()
        state.filename = state.own + state.filename
        return finished(state, run.redirect, location(state, run, args, to_url))
    return None


def location(state: State, run: Run, args: str | None, to_url: ToURL) -> str:
    """Make the reference of a redirect; on this site it is a path."""
    name = state.filename
    if state.own and name.startswith(f"{state.own}/"):
        path = "/" + to_url(name[len(state.own) :]).lstrip("/\\")
        if not run.script_path:
            path = "/" + f"{state.environ.get('SCRIPT_NAME', '')}{path}".lstrip("/\\")
        head, name = "", path
    else:
        length = scheme_length(name)
        end = name.find("/", length) if name[length - 1] == "/" else length
        end = len(name) if end < 0 else end
        head, name = name[:end], name[end:]
    if not run.no_escape:
        # The parts of an LDAP reference are separated by question marks (RFC 4516).
        parts = name.split("?") if head[:4].lower() == "ldap" else [name]
        name = "?".join([escape_uri(part) for part in parts])
    if state.args is not None:
        plain = run.no_escape or state.args == args
        name = f"{name}?{state.args if plain else escape_uri(state.args)}"
    return escape_controls(head + name).strip(" ")


def finished(state: State, status: int, location: str = "") -> Verdict:
    """Answer in the application's place."""
    return Verdict(
        state.uri, state.args or "", status, location,
        cookies=tuple(state.cookies.values()), vary=vary_of(state),
    )  # fmt: skip


def going_on(state: State, path: str, *, above: int = 403) -> Verdict:
    """Let the request go on with *path*; raise Refused where it must not.

    above: the answer to a path that leads above the root.
    """
    return Verdict(
        _without_dots(state, merge_slashes(path), above), state.args or "", variables=state.env,
        cookies=tuple(state.cookies.values()), vary=vary_of(state),
        content_type=state.type, handler=state.handler,
    )  # fmt: skip


def _without_dots(state: State, path: str, above: int) -> str:
    """Take the dot segments out that stand in a rule's own text; raise Refused for all others.

    What a capture brings along would lead out of where the rule sends it.
    """
    if "/." not in path or not dot_segments(path):
        return path
    if state.captured_dots:
        raise Refused(400)
    clean = normalise(path)
    if clean is None:
        raise Refused(above)
    return clean


def unchanged(state: State, path: str) -> Verdict | None:
    """Return what rules did that changed no path, or None when they did nothing."""
    if state.env or state.cookies or state.vary or state.type or state.handler:
        verdict = going_on(state, "")
        verdict.path = path
        return verdict
    return None


def handed_over(state: State) -> Verdict:
    """Hand a request over to the application that a P rule names by scheme and host."""
    name = state.filename
    length = scheme_length(name)
    slash = name.find("/", length)
    slash = len(name) if slash < 0 else slash
    verdict = going_on(state, name[slash:] or "/")
    verdict.app = name[:slash]
    return verdict


def without_script(name: str, state: State) -> str:
    """Take the part of the path off that names the application."""
    script = state.environ.get("SCRIPT_NAME", "")
    return name[len(script) :] if script and name.startswith(f"{script}/") else name


def vary_of(state: State) -> tuple[str, ...]:
    """List the fields that decided, each once."""
    return tuple(dict.fromkeys(state.vary)) if state.vary else ()
