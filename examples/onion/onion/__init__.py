"""A small recipe book: seven layers around handlers, once in Python and once in an ini file."""
