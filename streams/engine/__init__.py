"""The engine: pure. Values in, values out; no wire, no framework, no clock, no log."""
