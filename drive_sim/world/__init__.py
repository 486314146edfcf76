"""What exists and how it moves.

`scenarios` draw an episode: its road (`roads`), weather and actors. `simulator` resets and steps it: `ego` and
`traffic` move, `collision` and `events` say what happened, `reward` what it was worth, `placement` puts the ego back
into its lane. `state` holds it all.
"""
