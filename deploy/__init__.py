"""How medaid is put into operation: see deploy/README.md and deploy/RUNBOOK.md."""
