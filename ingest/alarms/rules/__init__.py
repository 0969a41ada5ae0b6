"""Rules of alarms: what may be said, the rules that come with agripark, and a user's own."""
