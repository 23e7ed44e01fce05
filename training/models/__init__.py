"""Encoder, generator and discriminator."""
