"""Who may do what, and why. Decides, never acts; sees no record, key or session.

`load_firewall` reads the rules beside this file, lets Casbin decide every request there is, checks the result
against `expected.csv` and the invariants, and hands out a `TableFirewall` that answers the vault's port.
How to read and change the rules: `docs/policy.md`.
"""

from policies.explainer import Explanation, explain
from policies.firewall import LiveFirewall, TableFirewall, load_firewall

__all__ = ["Explanation", "LiveFirewall", "TableFirewall", "explain", "load_firewall"]
