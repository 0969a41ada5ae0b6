"""Physical incidents of the park, seeded, with their truth.

`kinds` declares what may happen, `effects` does it to devices, `stage` tells when each asset is at
what an incident needs, `plan` chooses, `troubled` lays a plan over a group of devices.
"""
