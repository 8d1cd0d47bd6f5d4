"""The vault: what is true about a case and what is secret in it.

Imports neither the policies that decide nor the gateway that translates; it asks its questions
through the `Firewall` port and cannot be built without one.
"""
