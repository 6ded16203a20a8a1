"""Monitoring: early warnings of poverty by illness, limits, status, fraud and hospitals' costs, addressed to those who must act."""
