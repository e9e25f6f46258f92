"""`python -m residual`: the command line, where no console script is installed."""

from residual.cli import main

main(prog_name="residual")
