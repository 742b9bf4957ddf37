"""What the house holds to be true."""
