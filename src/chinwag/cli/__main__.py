"""`python -m chinwag.cli`."""

from chinwag.cli.main import main

main()
