"""What people see of a traversal: how it stands, and how it came to stand so.

Everything here is read off a state or off events; nothing is decided. Statuses and names are the words of scenario
files, so that what somebody wrote in a scenario is what they find on the screen.

Reading order: `status` (the words), `standing` (where a traversal stands among those around it, and what its nodes are
called), `picture` (its nodes, one by one), `waiting` (what has to happen before it goes on), `spans` and `saying`
(times and errors as people say them), `story` (one sentence for each event), `series_story` (the same for a series or
a loop); `journal_file` (a journal as one document), `signals` (what each decision answered) and `replaying` (how it
was, and how it would have been).
"""
