"""Code that several test suites share; never imported by the package."""
