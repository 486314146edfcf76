"""Scenarios: from a TOML file to episodes.

`files` reads a file and its parents; `schema`, `encounter_schema` and `weather_schema` say what it may hold, made of
`ranges`; `scenario` draws from them, `encounters` places the other road users, and an `episode` is what comes out.
`writing` makes a file of a scenario again.
"""
