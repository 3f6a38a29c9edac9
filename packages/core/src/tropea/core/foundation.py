"""Import webob without the one warning that its import gives.

webob 1.8 imports ``cgi``, which Python 3.11 and 3.12 deprecate: nothing that its users can act on,
and a failure under ``python -W error``.  Every module of ours that needs webob imports this first.
"""

import warnings

with warnings.catch_warnings():
    warnings.filterwarnings("ignore", "'cgi' is deprecated", DeprecationWarning)
    import webob
    import webob.exc

__all__ = ["webob"]
