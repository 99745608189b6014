"""The machine: processes, signals, files, and what work costs."""
