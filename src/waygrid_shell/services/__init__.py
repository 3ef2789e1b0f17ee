"""The loops around what the core decides. Services talk by messages and never import each other."""
