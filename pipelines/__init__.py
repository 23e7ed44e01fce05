"""Jobs that turn a product feed into a published release."""
