"""What proves it: ledger, signatures, documents, seals."""
