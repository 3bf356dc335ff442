"""What `jiancha worker` runs: one module a role, imported when its role is asked for."""
