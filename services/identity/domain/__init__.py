"""Identity, pure: who may certify what, and what follows from a person's timeline."""
