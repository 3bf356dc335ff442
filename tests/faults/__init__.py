"""Real workers on a real broker, faults from a seed, and an oracle that reads what they left."""
