"""Speed, measured against peers in the same run: `PYTHONPATH=tests python -m benchmarks` writes docs/benchmarks.md."""
