"""Writes and reads NDJSON for schemathesis."""

import json

import schemathesis

NDJSON = "application/x-ndjson"


@schemathesis.serializer(NDJSON)
def write(context, value):
    return value.encode() if isinstance(value, str) else json.dumps(value).encode()


@schemathesis.deserializer(NDJSON)
def read(context, response):
    """Returns the last line: the schema describes one line."""
    return json.loads(response.content.splitlines()[-1])
