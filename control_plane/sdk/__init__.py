"""What a module service needs: signed snapshots, in-process decisions, and the usage reporter.

Imports the kernel, ``cryptography`` and ``msgspec`` only. Import from the submodules.
"""
