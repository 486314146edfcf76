"""On-policy rounds: the network learns from where it gets to itself.

At a few points of a training run (`schedule`) the averaged network drives in the recorded worlds, from `moments` of the
recordings on (`driving`). Every state that it visits is labelled by the person's own path and speed at that arc length
(`person`), as long as the situation is the one they met, or by a `teacher` that plans there. `selection` keeps the
states where answer and label differ most, and those before failures; `storage` keeps them beside the checkpoint. They
are episodes of origin "visited", of which `views` draw their share.
"""
