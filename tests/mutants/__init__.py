"""Mistakes put into the code one by one, to see whether a test notices: `make mutants`. What was not noticed, and why, stands in docs/mutants.md.

Ours, though mutmut and cosmic-ray are good: they import and collect anew for every mutant, 4.5 s of CPU each here, where the tests that notice one need a
tenth of a second.
"""
