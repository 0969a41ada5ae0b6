"""Alarms by the rules of ISA-18.2 and IEC 62682, in the way of the readings.

`rules` says when something is wrong, `conditions` finds it out from readings by event time,
`lifecycle` is the state machine that people act on, `store` keeps both beside the readings.
"""
