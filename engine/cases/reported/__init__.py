"""Events as they were reported: recorded, corrected, linked to cases, decided on per law."""
