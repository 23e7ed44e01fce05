"""Job: planned images to restyled objects, with one pinned model bundle."""
