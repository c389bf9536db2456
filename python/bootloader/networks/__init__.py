"""The two networks, cut by reason to change.

============================  ====================================================================
``specification``             what each network reads, its layers, its schedule; which are trained
``encoding``                  from a frame to the codes and scaled numbers that a network reads
``training``                  one training loop: one thread, seeds, batches, the log of its epochs
``fund_network``              how likely a user is to fund soon
``attribute_network``         which values of an attribute behave alike: the notebook's network
``storing``                   networks as rows of a table, and when a stored one is still good
``scoring``                   from examples to `fund_scores`, in batches
============================  ====================================================================

A stored network is kept while this package stays the same, byte for byte, so what does not change
a network lives elsewhere.
"""
