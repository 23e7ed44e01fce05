"""The style GAN: networks, losses, training, evaluation, export."""
