"""How a message travels: who sent it to whom, why and when, and the record that carries it.

Services speak of a `DomainEnvelope`: a message with its sender, its receiver and its stamps. Logs carry a
`TransportEnvelope`: a topic, a key, headers and bytes, which is a CloudEvent 1.0 in binary mode, so that whoever reads
our topics with other tools finds what they know. Reading the one from the other is total: there is an envelope or a
`DecodeError`, for a topic is open to whatever others write into it.

Reading order: `stamps`, `domain`, `cloud_event` (the attributes), `transport` (sealing and opening).
"""
