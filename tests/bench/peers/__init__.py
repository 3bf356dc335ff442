"""The same work in other engines, each in the form its own manual shows."""
