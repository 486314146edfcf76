"""Other road users: how they follow the road (`actors`), and what they do when (`script`)."""
