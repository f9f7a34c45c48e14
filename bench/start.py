"""Sent by bench/start.sh, which says what it measures."""
import os
import statistics
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "tests", "chaos"))
import world  # noqa: E402
from world import World, get, until  # noqa: E402

ROUNDS = int(os.environ.get("ROUNDS", "9"))


def main():
    place = World()
    try:
        for roles in ("all", "api"):
            more = {} if roles == "api" else {
                "CIVIC_OS_STORE__LISTEN": f"127.0.0.1:{world.free_port()}", "CIVIC_OS_PAYMENTS__SANDBOX": "true", "CIVIC_OS_WEB__PUBLIC_URL": "http://town.example"}
            starts, memory = [], []
            for _ in range(ROUNDS):
                began = time.monotonic()
                process = place.serve(roles, wait=None, **more)
                until(lambda: get(process.admin, "/ready")[0] == 200, "/ready")
                starts.append(time.monotonic() - began)
                assert get(process.port, "/api/notes?limit=1", {"Authorization": f"Bearer {world.token()}"})[0] == 200
                if len(memory) < 3:
                    time.sleep(10)
                    memory.append(process.resident())
                place.end_processes()
            print(f"--role {roles}: ready after {statistics.median(starts):.3f} s ({min(starts):.3f} to {max(starts):.3f}, {ROUNDS} starts); "
                  f"at rest {statistics.median(memory):.1f} MB ({min(memory):.1f} to {max(memory):.1f})")
    finally:
        place.close()


main()
