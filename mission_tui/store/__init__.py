"""What a mission keeps: its ledger, the journal of its runs, artifacts, and the commands that wait for it."""
