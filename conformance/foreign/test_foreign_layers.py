"""Other people's layers under our contract, and what of it each does not keep.

What is recorded here is behaviour of these releases, which their users live with well; it is here so that the
contract is known to tell layers apart, and so that a stack's author knows what a layer costs the ones around it.
"""

from __future__ import annotations

import gc
import inspect
import sys
from pathlib import Path

import pytest

from tropea.core.testing import LayerContract

sys.path.insert(0, str(Path(__file__).parent))
import foreign_layers

#: W28 is about a factory for ini files of our own making.
ROWS = [name for name, _ in inspect.getmembers(LayerContract) if name.startswith("test_") and "_w28_" not in name]

#: Layer: what of a request makes it work, and the rows that it does not keep.
RECORDED = {
    "pastes_gzip": ({"HTTP_ACCEPT_ENCODING": "gzip"}, {
        "w12_the_applications_own_list_of_fields_is_left_alone", "w14_one_block_is_asked_for_at_a_time",
        "w15_an_unbounded_body_is_never_gathered", "w16_close_is_called_once_when_everything_was_sent",
        "w20_the_servers_file_wrapper_is_handed_on_untouched", "w23_204_and_304_have_no_body_and_no_length"}),
    "werkzeugs_proxy_fix": ({"HTTP_X_FORWARDED_FOR": "192.0.2.1"}, {"the_callers_cgi_variables_are_as_before_after_the_call"}),
    "werkzeugs_dispatcher": ({}, set()),
    "beakers_sessions": ({"HTTP_COOKIE": "beaker.session.id=0123456789abcdef"}, set()),
    "whitenoises_files": ({}, set()),
    "werkzeugs_profiler": ({}, {
        "w09_exc_info_after_output_is_raised_again", "w14_one_block_is_asked_for_at_a_time", "w15_an_unbounded_body_is_never_gathered",
        "w16_close_is_called_once_when_the_body_raises", "w20_the_servers_file_wrapper_is_handed_on_untouched"}),
    "pastes_recursion": ({}, set()),
}  # fmt: skip
#: A layer that compresses gives other octets on purpose: only the rows that compare none are fair to it.
FAIR = {"pastes_gzip": ("w12_", "w14_", "w15_", "w16_", "w17_", "w20_", "w23_", "w25_", "w27_an_")}

pytestmark = [
    pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore:pkg_resources"),
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
]


def broken_rows(make, more, fair=("",)):
    """Run every row on the layer; return the names of those that fail."""
    contract = type("Contract", (LayerContract,), {"make_layer": lambda self, app: make(app), "environ": more, "threads": 4, "rounds": 20})
    broken = set()
    for row in ROWS:
        if not row.removeprefix("test_").startswith(tuple(fair)):
            continue
        try:
            getattr(contract(), row)()
        except pytest.skip.Exception:
            continue
        except BaseException:
            broken.add(row.removeprefix("test_"))
    gc.collect()
    return broken


@pytest.mark.parametrize("name", RECORDED)
def test_the_rows_that_a_foreign_layer_does_not_keep_are_the_recorded_ones(name):
    more, recorded = RECORDED[name]
    try:
        found = broken_rows(getattr(foreign_layers, name), more, FAIR.get(name, ("",)))
    except ImportError as error:
        pytest.skip(str(error))
    assert found == recorded, sorted(found)
