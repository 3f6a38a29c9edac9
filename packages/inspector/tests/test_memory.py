"""The memory view shows what tracemalloc knows, and starts nothing by itself."""

import json
import tracemalloc


def hello(environ, start_response):
    start_response("200 OK", [])
    return [b"hello"]


def test_the_lines_that_hold_most_are_listed(inspected, call):
    layer, cookie = inspected(hello)
    assert json.loads(call(layer, "/__onion__/data/memory", **cookie).body)["tracing"] is False
    tracemalloc.start()
    try:
        told = json.loads(call(layer, "/__onion__/data/memory", **cookie).body)
        page = call(layer, "/__onion__/memory", **cookie).text
    finally:
        tracemalloc.stop()
    assert told["bytes"] > 0
    assert len(told["top"]) > 0
    assert "blocks" in page
