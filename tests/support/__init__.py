"""What tests share: real servers on free ports."""
