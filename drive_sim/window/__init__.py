"""The pygame application: a person drives, or watches a driver.

`app` opens the window and `session` runs the closed loop in it, paced by `pacing`; `devices` reads what a person
commands, `observer` is told of every step, and `display` with `panel` and `lettering` shows it. `playback` shows a
recording.
"""

import os

# pygame greets on standard output when it is first imported; that belongs to what the commands print.
os.environ.setdefault("PYGAME_HIDE_SUPPORT_PROMPT", "1")
