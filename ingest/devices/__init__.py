"""What is known of each device: when it was heard, what it lost, whether it is online."""
