"""What a module service needs: signed snapshots, in-process decisions, and the usage reporter.

Imports the kernel and ``cryptography`` only, and ``msgspec`` and ``nacl`` where they are there.
Import from the submodules.
"""
