"""Job: snapshot to training dataset, image facts and dead letters."""
