"""Transactions and statements on SQLite and PostgreSQL alike, whatever the tables."""
