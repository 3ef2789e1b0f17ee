"""Data that refers to other data: templates, and the three leaves that they are made of.

`template` has the types, `pointer` what a pointer can see, `evaluate` what a template gives at a node.
"""
