"""What incidents do to devices: to their physics, or to what their sensors say."""
