"""What services say to each other: subject and past participle.

The machine knows no services, and services know no machine: a message that reaches the waystation becomes a signal
(`to_signal`), and an effect of the machine becomes messages to those who do what it asks (`from_effect`). Both are
pure, so that what was decided can be said again, in the same words and under the same ids.

Reading order: `parent` (who waits for a traversal), `messages` (the vocabulary), `to_signal`, `from_effect`, `identity`
(the ids of messages, and what keeps those together that belong together).
"""
