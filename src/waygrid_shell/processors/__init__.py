"""What transforms: `function` (a user's own Python) and `http` (any service that speaks JSON over HTTP)."""
