"""The thin Faust edge: it reads, writes, fences and restores; what it means is elsewhere."""
