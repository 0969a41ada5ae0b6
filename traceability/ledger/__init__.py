"""The ledger: a Merkle log over the events, signed checkpoints, proofs and their verification."""
