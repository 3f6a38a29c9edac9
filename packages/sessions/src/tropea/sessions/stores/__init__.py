"""Where sessions live between requests; one module a kind, none imported before it is used."""
