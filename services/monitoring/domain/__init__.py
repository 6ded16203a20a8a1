"""Monitoring, pure: what is known of persons and hospitals, and which warnings should stand."""
