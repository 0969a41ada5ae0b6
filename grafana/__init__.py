"""Dashboards as code, provisioning files and sync."""
