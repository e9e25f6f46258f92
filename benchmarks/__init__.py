"""What statements on speed rest on: `python -m benchmarks` measures, and writes a JSON file."""
