"""Old addresses and short ones."""

from tropea.rewrite import Rule

RULES = (
    Rule(
        r"(?P<site>.*)/index\.php\?article=(?P<slug>[a-z0-9-]+)",
        "{site}/recipes/{slug}",
        "redirect_permanent",
        on="path?query",
    ),
    Rule(r"(?P<site>.*)/index\.php", "{site}/", "redirect_permanent", keep_query=False),
    Rule("/favicon.ico", "/static/onion.svg"),
)
