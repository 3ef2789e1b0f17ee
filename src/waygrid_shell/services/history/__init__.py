"""History: the journal as a story of a traversal and all that it began, for people.

It only reads, and has no loop: whoever is asked, asks it. Reading order: `relatives` (who belongs to whom, and what
everything is called), `cursor` (a place in a story), `service` (a page of one), `done` (what another traversal
may take over).
"""
