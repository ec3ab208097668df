"""Training, evaluation, growing, and promotion of networks: `python -m train --help`."""
