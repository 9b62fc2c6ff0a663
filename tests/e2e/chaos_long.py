"""Chaos with the full numbers: minutes, not seconds."""
import unittest

import chaos


class Long(chaos.Chaos):
    targets_count, kills, broker_restarts, database_restarts = 2000, 20, 3, 2
    patience = 1500

if __name__ == "__main__":
    unittest.main()
