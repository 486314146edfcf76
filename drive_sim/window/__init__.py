"""The pygame application: a person at the wheel, or watching who is."""

import os

# pygame greets on standard output when it is first imported; that belongs to what the commands print.
os.environ.setdefault("PYGAME_HIDE_SUPPORT_PROMPT", "1")
