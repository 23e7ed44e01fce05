"""What an evaluation is made of: looks, figures, tables, sheet."""
