"""`python -m services.cli`: the same as `medaid`, for processes that start it themselves."""

from services.cli.main import main

main()
