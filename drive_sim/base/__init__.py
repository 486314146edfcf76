"""What every other folder may import, and what imports nothing else of the house.

`errors` has the one error that a mistake of the user ends in, `notices` are lines that are told once, `progress` tells
how far long work is. `files` replaces files safely and lists folders, `locks` keeps processes apart, `resources` finds
bundled data, `registry` finds things by name, `references` those of the user's own files. `text`, `toml` and `json`
read what people write, `validation` tells what is wrong with it.
"""
