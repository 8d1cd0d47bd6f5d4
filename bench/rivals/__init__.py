"""What users would otherwise pick, written as well as we can: a weak rival would make every ratio worthless.

Each does the duty of the vault's read-one-note path: bearer session looked up in the database, decision,
one note fetched and decrypted, stand-ins left in place, an audit row committed before the answer leaves.
"""
