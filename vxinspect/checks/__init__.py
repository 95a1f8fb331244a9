"""Whether a capture holds what a policy says: policies, their evaluation, and reports for CI."""
