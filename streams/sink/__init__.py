"""The sink: what leaves the engine goes to ClickHouse, at least once, and reads as once."""
