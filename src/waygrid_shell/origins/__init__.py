"""What takes in: `batch` (payloads from files, standard input and the command line)."""
