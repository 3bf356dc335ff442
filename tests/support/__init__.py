"""What several test modules share: waiting, skipping, free ports, servers."""
