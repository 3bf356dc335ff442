"""Fuzzing of whatever reads bytes from outside: `make fuzz`, and a seeded part in `make test`."""
