"""The janitor: a small process that starts the services, and outlives a killed test run to clean up after it.

It is the *parent* of every service, so there is no moment at which one is running and unknown to it, and, as a
child subreaper, the new parent of every orphan that a service leaves, so nothing escapes by forking twice.
It learns of its owner's end from the kernel (a pidfd and the closed socket), whatever ended it, stops everything,
removes the directories and shared memory, and goes.

It also keeps a dead service's pid from being used again until the service has been collected: signals sent by pid
always mean the right process.

``client``, ``channel``, ``child``, ``launcher`` and ``work`` run in the owner's process, ``server`` in the
janitor's; the rest in both.
"""
