"""What the park holds and has done, as figures for charts: stock, exports, output, milestones."""
