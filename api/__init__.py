"""The outward faces: HTTP application, pages and command line; the parts are wired here."""
