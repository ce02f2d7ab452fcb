"""`python -m xltransformer` is `xlt`."""

from xltransformer.cli import main

main()
