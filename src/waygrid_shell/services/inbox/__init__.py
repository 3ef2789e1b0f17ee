"""The inbox: where events from outside meet the awaits that they answer. `service` is all of it; the decisions are
`waygrid_core.inbox`.
"""
