"""The HTTP API: what people and tools read and do.

A noun is a file: it gives `operations(platform)`, a table of what can be done with it. Routing, access, limits and the
OpenAPI document are all made from these tables, in `application`. A request that cannot be granted raises `Refusal`
(`problems`), which becomes an RFC 9457 problem in one place.

Reading order: `platform` (what the API needs), `operation`, `problems`, `application`, then the nouns.
"""
