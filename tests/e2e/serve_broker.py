#!/usr/bin/env python3
"""m8 serve beside a real RabbitMQ: what its queues hold, and that it may come and go."""
import time
import unittest

import serve
from rabbitmq import RabbitMQ
from support import SECONDS


class Broker(serve.Service):
    def until(self, wanted):
        deadline = time.monotonic() + 2 * SECONDS
        while not wanted(found := self.json("GET", "/api/v1/queue")["broker"]):
            self.assertLess(time.monotonic(), deadline, found)
            time.sleep(0.2)
        return {queue["queue"]: queue for queue in found or []}

    def test_its_queues_are_shown_while_it_is_there(self):
        with RabbitMQ() as broker:
            url = broker.url()
            done = self.run_program("m8", "queue", "declare", "--queue-url", url, "--queue-prefix", "shown")
            self.assertEqual(done.returncode, 0, done.stderr)
            for _ in range(3):
                broker.control("eval", 'rabbit_basic:publish(rabbit_misc:r(<<"/">>, exchange, <<>>), '
                               '<<"shown.work.0">>, [{delivery_mode, 2}], <<"body">>).')
            self.start("--scans", 0, "--queue-url", url, "--queue-prefix", "shown")
            queues = self.until(lambda found: found and any(queue["messages"] == 3 for queue in found))
            self.assertEqual(queues["shown.work.0"]["consumers"], 0)
            self.assertEqual(len(queues), 3)
            self.assertIn('m8_queue_depth{queue="shown.work.0"} 3\n',
                          self.ask("GET", "/metrics")[2].decode())
        self.until(lambda found: found is None)
        self.assertEqual(self.json("GET", "/ready", token="", status=503)["checks"]["rabbitmq"], "unhealthy")


if __name__ == "__main__":
    unittest.main()
