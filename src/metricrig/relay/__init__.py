"""The relay: a process that moves the bytes of links, and does to them what their policies say.

``effects`` and ``policy`` are data that both sides share. ``route`` and ``relay_process`` are the side of whoever
orders; ``server`` is the process itself. None of it needs a rig.
"""
