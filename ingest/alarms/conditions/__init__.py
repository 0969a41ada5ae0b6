"""Conditions: what rules find in readings, by event time. Pure: no clock, no store.

What is found is a function of the set of readings, not of how they came:

- Delays run on event time. A condition that holds in two readings of an asset, one after the
  other, held in between, unless the gap is longer than three cadences: three times the slowest
  cadence of the kind, or three times the gap before it for a device that reports more seldom.
- An alarm is raised with the time at which its on-delay was over; the next reading proves it.
- A rule is looked at with each reading that holds one of its fields. Fields that the reading
  doesn't hold count as they were last known, for a limited time; where one isn't known, the rule
  says nothing. Only silence itself is an alarm without a reading.
- A late reading takes the asset back to before it and all later readings are looked at anew.
  What was raised and never was is withdrawn, what was missed is raised with its own time. Beyond
  the horizon a late reading changes nothing and is counted.
- What is raised while its asset is at something that explains it is hidden until that is over.
  What stood before stays in sight.
"""
