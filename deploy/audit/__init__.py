"""What we ship of others: what it is, under which licences, and whether faults of it are known. `make audit`; see `__main__.py`."""
