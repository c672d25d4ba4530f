"""What schemathesis cannot know of the service from its document."""

import json
import os
import pathlib

import requests
import schemathesis
from hypothesis import strategies as st
from schemathesis import GenerationMode

AUDITOR = "Bearer " + os.environ["STANDING_AUDITOR"]
RULE_MAKER = "Bearer " + os.environ["STANDING_RULE_MAKER"]
SIMULATIONS = "/v1/simulations"
RULEBOOK = pathlib.Path(__file__).parent.parent / "rulebooks" / "weibo-2016-01-01.toml"


def versions():
    """Rulebooks: one that is published, and others that can be, once."""
    text = RULEBOOK.read_text()
    later = [f"2030-01-{day:02}" for day in range(1, 29)]
    return [text] + [text.replace("2016-01-01", date) for date in later]


schemathesis.openapi.media_type(
    "application/toml", st.sampled_from(versions()).map(str.encode)
)


@schemathesis.hook
def before_call(context, case, kwargs):
    """A page is named as the one before gave it out, and alone."""
    generated = case.meta.generation.mode if case.meta else None
    if generated != GenerationMode.POSITIVE or "page" not in (case.query or {}):
        return
    of_simulation = case.operation.path.startswith(SIMULATIONS)
    first = requests.get(
        case.operation.base_url.rstrip("/") + case.formatted_path,
        params={"limit": 1},
        headers={"Authorization": RULE_MAKER if of_simulation else AUDITOR},
        timeout=10,
    )
    # There is none of a simulation that is not kept.
    if first.ok:
        case.query = {"limit": 1, "page": first.json()["next"]}


@schemathesis.deserializer("application/x-ndjson")
def last_line(context, response):
    """The schema is that of each line; the last one is always there."""
    lines = response.content.decode().splitlines()
    return [json.loads(line) for line in lines][-1]


@schemathesis.deserializer("application/octet-stream")
def octets(context, response):
    return response.content.decode("latin-1")
