"""The notifier (告警): each card at or above a level goes to Alertmanager while its clock runs."""
