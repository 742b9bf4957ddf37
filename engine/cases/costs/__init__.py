"""What a case costs: hours and amounts where they arise, and what they are held against."""
