"""The report as pages: what `tables.py` says, in words, tables and plots; the console shows the same body."""
