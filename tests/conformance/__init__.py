"""What every connector must do, generated from the registry and run against the vendors' simulators.

A new connector adds one file, ``stands/<system>.py``; everything else follows from what it declares.
"""
