"""Sparkplug B 3.0: payloads, topics, and what edge nodes have said of themselves."""
