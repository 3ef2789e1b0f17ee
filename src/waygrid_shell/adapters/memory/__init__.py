"""Every port in the memory of one process: for runs that nobody needs to keep, and for tests."""
