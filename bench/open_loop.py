"""Requests at a fixed rate, whether earlier ones are answered or not, before and during reloads of the schema cache.

open_loop.py URL RATE SERVER_LOG RELOAD_SQL

A request's time counts from the moment it was due, so a server that stalls is seen to stall. Fails when a request fails,
or when the 99th percentile during reloads reaches 100 ms or three times that before. Reloads are asked for over a psql that
is there from the beginning: to start one takes this program several milliseconds in which no request leaves.
"""

import asyncio
import subprocess
import sys
import time
import urllib.parse

SECONDS_BEFORE = 15
RELOADS = 20
CONNECTIONS = 32

url = urllib.parse.urlsplit(sys.argv[1])
rate = float(sys.argv[2])
log_path, reload_sql = sys.argv[3:5]
request = f"GET {url.path}?{url.query} HTTP/1.1\r\nHost: {url.netloc}\r\n\r\n".encode()


class Loads:
    """Counts loads in the server's log; each look reads only what was added since the one before."""

    def __init__(self) -> None:
        self.log = open(log_path, encoding="utf-8")
        self.count = 0

    def look(self) -> int:
        self.count += self.log.read().count("schema cache loaded")
        return self.count


async def ask(free: asyncio.Queue, due: float, times: list) -> None:
    """One request over a connection that is free; `times` gets its milliseconds, or None for a failure."""
    connection = await free.get()
    try:
        if connection is None:
            connection = await asyncio.open_connection(url.hostname, url.port)
        reader, writer = connection
        writer.write(request)
        head = await reader.readuntil(b"\r\n\r\n")
        length = int(next(line[16:] for line in head.split(b"\r\n") if line.lower().startswith(b"content-length: ")))
        await reader.readexactly(length)
        is_well = head.startswith(b"HTTP/1.1 200")
    except (OSError, asyncio.IncompleteReadError, StopIteration):
        connection, is_well = None, False
    times.append((time.monotonic() - due) * 1000 if is_well else None)
    free.put_nowait(connection)


async def phase(free: asyncio.Queue, is_over) -> list:
    """Requests at the rate until `is_over`."""
    times: list = []
    tasks = set()
    start, number = time.monotonic(), 0
    while not is_over():
        due = start + number / rate
        number += 1
        await asyncio.sleep(max(0.0, due - time.monotonic()))
        task = asyncio.create_task(ask(free, due, times))
        tasks.add(task)
        task.add_done_callback(tasks.discard)
    await asyncio.gather(*tasks)
    return times


def percentile(times: list, share: float) -> float:
    ordered = sorted(value for value in times if value is not None)
    return ordered[min(len(ordered) - 1, int(len(ordered) * share))]


def report(name: str, times: list, seconds: float) -> float:
    failures = sum(1 for value in times if value is None)
    p99 = percentile(times, 0.99)
    print(
        f"{name}: {len(times)} requests in {seconds:.1f} s, {failures} failed, "
        f"p50 {percentile(times, 0.5):.2f} ms, p99 {p99:.2f} ms, most {max(value or 0 for value in times):.2f} ms"
    )
    return p99


async def main() -> int:
    psql = subprocess.Popen(["psql", "-q"], stdin=subprocess.PIPE)
    loads = Loads()
    free: asyncio.Queue = asyncio.Queue()
    for _ in range(CONNECTIONS):
        free.put_nowait(None)
    warm = time.monotonic() + 2
    await phase(free, lambda: time.monotonic() > warm)

    end = time.monotonic() + SECONDS_BEFORE
    before = await phase(free, lambda: time.monotonic() > end)
    p99_before = report("before", before, SECONDS_BEFORE)

    during: list = []
    took = []
    for _ in range(RELOADS):
        known, started = loads.look(), time.monotonic()
        psql.stdin.write(f"{reload_sql};\n".encode())
        psql.stdin.flush()
        next_look = [0.0]

        def is_loaded() -> bool:
            # Reading the log costs time too.
            if time.monotonic() < next_look[0]:
                return False
            next_look[0] = time.monotonic() + 0.05
            return loads.look() > known

        during += await phase(free, is_loaded)
        took.append(time.monotonic() - started)
    psql.stdin.close()
    psql.wait()
    p99_during = report("during reloads", during, sum(took))
    print("reloads took " + ", ".join(f"{seconds:.2f} s" for seconds in took))
    failures = sum(1 for value in before + during if value is None)
    is_well = failures == 0 and p99_during < 100 and p99_during < 3 * p99_before
    print("ok" if is_well else f"MISSED (bounds: no failure, p99 < 100 ms and < {3 * p99_before:.2f} ms)")
    return 0 if is_well else 1


sys.exit(asyncio.run(main()))
