"""`python -m perception_events` is the command `perception-events`."""

from perception_events.cli import main

if __name__ == "__main__":
    main()
