"""What is timed, each in a process of its own."""
