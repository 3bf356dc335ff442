"""Alerts: every metric's name, the notify role, the alerting rules and their tests."""
