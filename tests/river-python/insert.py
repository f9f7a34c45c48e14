"""Inserts a job with River's own Python client; prints its id. The database is DATABASE_URL."""

import dataclasses
import json
import os

import riverqueue
import sqlalchemy
from riverqueue.driver import riversqlalchemy


@dataclasses.dataclass
class Args:
    text: str
    kind: str = "rust_works"

    def to_json(self) -> str:
        return json.dumps({"text": self.text, "number": 1})


engine = sqlalchemy.create_engine(
    os.environ["DATABASE_URL"].replace("postgresql://", "postgresql+psycopg2://", 1),
    connect_args={"options": "-c search_path=metadata,public"},
)
client = riverqueue.Client(riversqlalchemy.Driver(engine))
result = client.insert(Args("from Python"), insert_opts=riverqueue.InsertOpts(queue="tests", priority=2, tags=["python"]))
print(json.dumps({"id": result.job.id}))
