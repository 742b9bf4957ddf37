"""The demo company: a believable maker of infusion devices, brought up by its own commands."""
