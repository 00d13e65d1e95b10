"""The protocol as a model, and the checker that visits every state of it."""
