"""Measured ratios: the vault beside a plain route and beside fair rivals, in one run on one machine.

Absolute times belong to a machine and an hour; a ratio between neighbours of the same round holds much
better. So every case runs in short slices, shuffled per round, and every figure is a ratio taken inside
a round, then its median over the rounds. No test asserts a time.

    python -m bench                    all figures, about six minutes
    python -m bench --quick            the same figures within a minute, wider spread
    python -m bench --only 'usual.*' --only seal_4k     some of them; 'usual.*,seal_4k' says the same
"""
