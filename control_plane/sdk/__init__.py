"""What a module service needs: signed snapshots, in-process decisions, and the usage reporter.

Imports the kernel and ``cryptography`` only, and ``msgspec`` where it is there. Import from the
submodules.
"""
