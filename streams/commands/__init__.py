"""One module a command; `streams.cli` only gathers them."""
