"""Job: fidelity gate over originals and restyled images."""
