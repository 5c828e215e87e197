"""python -m cxgen."""

from cxgen.cli import run

run()
