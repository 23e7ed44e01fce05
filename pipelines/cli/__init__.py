"""The restyle console command."""
