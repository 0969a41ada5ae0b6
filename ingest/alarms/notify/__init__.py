"""Who hears of alarms: by e-mail and webhook, by area, priority and shift."""
