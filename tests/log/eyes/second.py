"""A log's files and proofs, checked by two packages of strangers; nothing of the project is imported.

    python second.py tiles FOLDER LOGKEY [OLD CHECKPOINT…]      aics-tlog
    python second.py proof FILE ENTRY LOGKEY                    proofbundle

Run with the packages of `requirements.txt` on PYTHONPATH. Exit code 0 and what was checked; 1 and what is wrong.
"""

import sys
from pathlib import Path


def tiles(folder, key, *olds):
    """Signature, every tile and every entry under the root, and that each older checkpoint is its beginning."""
    from aics_tlog import (
        FileSystemTileReader,
        audit_tiles,
        consistency_proof_from_tiles,
        parse_vkey,
        tree_root_from_tiles,
        verify_checkpoint,
        verify_consistency,
    )
    from aics_tlog.note import parse_note

    wanted = parse_vkey(key)

    def opened(path):
        found = verify_checkpoint(parse_note(Path(path).read_bytes()), wanted, expected_origin=wanted.name)
        if not (found.ok and found.log_ok):
            raise ValueError(f"{path}: {found.error}")
        return found

    newest, reader = opened(Path(folder) / "checkpoint"), FileSystemTileReader(folder)
    if tree_root_from_tiles(reader, newest.size) != newest.root:
        raise ValueError("the tiles lead to another root")
    report = audit_tiles(reader, newest.size, newest.root)
    for path in olds:
        old = opened(path)
        proof = consistency_proof_from_tiles(reader, old.size, newest.size)
        if not verify_consistency(old.size, newest.size, old.root, newest.root, proof):
            raise ValueError(f"{path} is not the beginning of the log")
    return f"{newest.size} entries, {report.tiles} tiles, {report.bundles} bundles, {len(olds)} older checkpoints"


def proof(path, entry, key):
    """One `.tlog-proof` for one entry's bytes."""
    from proofbundle.tlogproof import verify_tlog_proof

    found = verify_tlog_proof(
        Path(path).read_text("utf-8"), Path(entry).read_bytes(), key, expected_origin=key.partition("+")[0]
    )
    if not found["ok"]:
        raise ValueError(str({name: found[name] for name in ("log_ok", "witnesses_ok", "inclusion_ok")}))
    return f"entry {found['index']} of {found['tree_size']}"


if __name__ == "__main__":
    try:
        print({"tiles": tiles, "proof": proof}[sys.argv[1]](*sys.argv[2:]))
    except (ValueError, OSError) as fault:
        print(f"{type(fault).__name__}: {fault}")
        sys.exit(1)
