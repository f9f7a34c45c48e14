"""Signed webhooks at a fixed rate, whether earlier ones are answered or not; each event goes out twice, the second time right after the first.

webhooks.py URL SIGNING_SECRET RATE SECONDS

A webhook's time counts from the moment it was due. Fails when an answer is not 200, the rate is not kept, or the 99th percentile reaches 50 ms.
"""

import asyncio
import hashlib
import hmac
import json
import sys
import time
import urllib.parse

CONNECTIONS = 32
url = urllib.parse.urlsplit(sys.argv[1])
secret, rate, seconds = sys.argv[2].encode(), float(sys.argv[3]), float(sys.argv[4])


def request(event: int) -> bytes:
    payment = {"id": f"pi_{event}", "status": "succeeded", "amount_received": (10 + event % 90) * 100}
    body = json.dumps(
        {
            "id": f"evt_{event}",
            "type": "payment_intent.succeeded",
            "created": 1_700_000_000,
            "livemode": False,
            "data": {"object": payment},
        }
    )
    now = int(time.time())
    signature = hmac.new(secret, f"{now}.{body}".encode(), hashlib.sha256).hexdigest()
    return (
        f"POST {url.path} HTTP/1.1\r\nHost: {url.netloc}\r\nContent-Type: application/json\r\n"
        f"Stripe-Signature: t={now},v1={signature}\r\nContent-Length: {len(body)}\r\n\r\n{body}"
    ).encode()


async def send(free: asyncio.Queue, event: int, due: float, answers: list) -> None:
    connection = await free.get()
    status = 0
    try:
        if connection is None:
            connection = await asyncio.open_connection(url.hostname, url.port)
        reader, writer = connection
        writer.write(request(event))
        head = await reader.readuntil(b"\r\n\r\n")
        length = int(next(line[16:] for line in head.split(b"\r\n") if line.lower().startswith(b"content-length: ")))
        await reader.readexactly(length)
        status = int(head.split(b" ", 2)[1])
    except (OSError, asyncio.IncompleteReadError, StopIteration):
        connection = None
    answers.append((status, (time.monotonic() - due) * 1000))
    free.put_nowait(connection)


async def main() -> int:
    free: asyncio.Queue = asyncio.Queue()
    for _ in range(CONNECTIONS):
        free.put_nowait(None)
    answers: list = []
    tasks = set()
    start = time.monotonic()
    for number in range(int(rate * seconds)):
        due = start + number / rate
        await asyncio.sleep(max(0.0, due - time.monotonic()))
        task = asyncio.create_task(send(free, number // 2, due, answers))
        tasks.add(task)
        task.add_done_callback(tasks.discard)
    await asyncio.gather(*tasks)
    took = time.monotonic() - start
    times = sorted(milliseconds for _, milliseconds in answers)
    wrong = sum(1 for status, _ in answers if status != 200)
    p99 = times[int(len(times) * 0.99)]
    print(
        f"{len(answers)} webhooks in {took:.1f} s ({len(answers) / took:.0f}/s): {wrong} not answered by 200, "
        f"p50 {times[len(times) // 2]:.2f} ms, p99 {p99:.2f} ms, longest {times[-1]:.1f} ms"
    )
    return 0 if wrong == 0 and p99 < 50 and took < seconds + 2 else 1


sys.exit(asyncio.run(main()))
