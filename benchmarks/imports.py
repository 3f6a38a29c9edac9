"""What importing a package costs: CPU time, memory and modules, each in a fresh interpreter.

A package's main name is imported and used as a program would; the interpreter's own start is taken
off.  Rounds are interleaved, medians are given.
"""

import json
import statistics
import subprocess
import sys

#: What is imported; the peers' line is their usual one.
SUBJECTS = {
    "tropea.core, no webob": "from tropea.core import Layer, pipeline, session",
    "tropea.core, Response": "from tropea.core import Request, Response",
    "tropea.dispatch": "from tropea.dispatch import dispatcher_app; dispatcher_app()",
    "tropea.sessions": "from tropea.sessions import SessionMiddleware",
    "tropea.caching": "from tropea.caching import HTTPCacheMiddleware, etag_middleware",
    "tropea.rewrite": "from tropea.rewrite import urlrewriter",
    "tropea.static": "from tropea.static import StaticMiddleware",
    "tropea.errors": "from tropea.errors import ErrorMiddleware, StatusRedirectMiddleware",
    "tropea.auth": "from tropea.auth import BasicAuthMiddleware, DigestAuthMiddleware",
    "tropea.openapi": "from tropea.openapi import OpenAPIMiddleware",
    "tropea.inspector": "from tropea.inspector import InspectorMiddleware",
    "tropea.cli": "from tropea.cli import main",
    "webob": "from webob import Request, Response",
    "werkzeug": "from werkzeug.wrappers import Request, Response; import werkzeug.routing",
    "bottle": "from bottle import Bottle",
    "falcon": "from falcon import App",
    "flask": "from flask import Flask",
    "pyramid": "from pyramid.config import Configurator",
    "fresco": "from fresco import FrescoApp",
    "Beaker": "from beaker.middleware import SessionMiddleware",
    "whitenoise": "from whitenoise import WhiteNoise",
}

PROGRAM = """
import json, sys, time, warnings
warnings.simplefilter("ignore")
def resident():
    with open("/proc/self/status") as file:
        return next((int(line.split()[1]) for line in file if line.startswith("VmRSS")), 0)
modules, memory, began = len(sys.modules), resident(), time.process_time()
try:
    exec({statement!r})
except ImportError:
    print("null")
else:
    print(json.dumps([(time.process_time() - began) * 1000, resident() - memory,
                      len(sys.modules) - modules]))
"""


def once(statement):
    program = PROGRAM.replace("{statement!r}", repr(statement))
    done = subprocess.run([sys.executable, "-c", program], text=True, capture_output=True, check=True)
    return json.loads(done.stdout)


def run(rounds):
    """Return {name: {"ms", "kib", "modules"}}; who is not installed is missing."""
    samples = {name: [] for name in SUBJECTS}
    for number in range(rounds + 1):
        for name, statement in SUBJECTS.items():
            sample = once(statement)
            if number and sample:  # the first round writes the compiled files
                samples[name].append(sample)
    return {
        name: {
            "ms": round(statistics.median(s[0] for s in found), 1),
            "kib": round(statistics.median(s[1] for s in found)),
            "modules": found[-1][2],
        }
        for name, found in samples.items()
        if found
    }


if __name__ == "__main__":
    for name, costs in run(5).items():
        print(f"{name:24} {costs['ms']:7.1f} ms {costs['kib']:7} KiB {costs['modules']:5} modules")
