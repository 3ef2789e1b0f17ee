"""What a webhook is signed with, and what an answer to it means.

`signature` writes the headers of Standard Webhooks, `verdict` says of a status whether the delivery was made, is to be
tried again, or is in vain.
"""
