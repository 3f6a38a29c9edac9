"""Our own commands, one module each: SUMMARY, EXAMPLES, configure(parser), run(options)."""
