"""Servers that need nothing but Python, and the supervisor that runs them (docs/embedded.md)."""
