"""What comes back in a recall or is put right where it is: leave, receipts, corrections, losses."""
