"""Chaos with the full numbers: minutes, not seconds."""
import unittest

import chaos


class Long(chaos.Chaos):
    targets_count, kills, broker_restarts, database_restarts = 2000, 20, 3, 2
    patience, latency, between = 1500, "500ms", 1.2
    job = ["-c", "1", "-bs", "50"]


if __name__ == "__main__":
    unittest.main()
