"""What runs under another hand than the vault's: the verifier and the witness. Imports nothing of the vault."""
