"""What each release wrote, kept as files, so that every later program is tried on it."""
