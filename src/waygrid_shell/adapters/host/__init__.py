"""What the machine itself offers: its clock, its environment, locks on folders."""
