"""What consignees are told in a recall: the texts, each one's letter, and how it was tried."""
