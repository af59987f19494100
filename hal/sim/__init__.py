"""The far end of every device: one patient with physics, and the other side of each real protocol.

Only demonstrations, `bedside simulate` and tests import this; no driver knows that it talks to it.
"""
