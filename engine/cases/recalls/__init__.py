"""The recall itself: containing, deciding, country by country, gates, strategy and closing."""
