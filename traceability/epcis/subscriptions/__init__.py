"""Subscriptions to named queries, and the delivery of what fits them."""
