"""The small values that everything else is made of. No room of the core is below this one but `outcome`.

Reading order: `identifiers` (what names what), `json_value` (data, and when two are equal), `json_pointer` (places in
data), `canonical_json` and `digest` (how data becomes a hash), `json_text` (JSON by hand, for what quick writers
refuse), `duration` and `instant` (time as users write it), `address` and `topic` (where services live), `ulid` (ids
that sort by time), `persistent_map` (maps that share structure).
"""
