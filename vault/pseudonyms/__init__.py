"""Pseudonyms: each recipient knows a case by a name of its own, and no two names can be joined.

domains     who sees which        derive      from case to name, with casework's keys
readable    as people write them
"""

from vault.pseudonyms.derive import PseudonymKeys, PseudonymSource
from vault.pseudonyms.domains import LOG, STATISTICS, DomainKind, PseudonymDomain, domain_of
from vault.pseudonyms.readable import Pseudonym, parse_pseudonym

__all__ = [
    "LOG",
    "STATISTICS",
    "DomainKind",
    "Pseudonym",
    "PseudonymDomain",
    "PseudonymKeys",
    "PseudonymSource",
    "domain_of",
    "parse_pseudonym",
]
