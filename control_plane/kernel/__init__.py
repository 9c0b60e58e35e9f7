"""What everyone may import: pure values and rules, standard library only.

Import from the submodules: ``control_plane.kernel.money``, ``.calendar``, ``.ids`` and so on.
"""
