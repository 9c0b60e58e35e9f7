"""docs/api.md is run as it stands: each command is sent, and its answer has the form shown."""

import json
import re
import shlex
import uuid
from dataclasses import dataclass, field
from pathlib import Path

GUIDE = Path(__file__).resolve().parents[3] / "docs" / "api.md"
FENCE = re.compile(r"^```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
# The names under which the guide tells its reader to keep parts of answers.
KEPT = {
    "api_key": "KEY",
    "token": "TOKEN",
    "subscription_id": "SUBSCRIPTION",
    "invoice_id": "INVOICE",
}


@dataclass
class Reader:
    """Whoever follows the guide, with what they exported so far."""

    client: object
    variables: dict = field(default_factory=lambda: {"TALLYARD": ""})
    answer: object = None
    sent: int = 0

    async def run(self, command):
        words = shlex.split(self.filled(command.replace("\\\n", " ")))
        method, url, headers, body = "GET", "", {}, None
        rest = iter(words[1:])
        for word in rest:
            if word == "-X":
                method = next(rest)
            elif word == "-H":
                name, _, value = next(rest).partition(": ")
                headers[name] = value
            elif word == "-d":
                body = next(rest).encode()
            elif word == "-o":
                next(rest)
            else:
                url = word
        response = await self.client.request(method, url, headers=headers, content=body)
        assert response.is_success, (command, response.text)
        self.sent += 1
        self.answer = response.json() if "json" in response.headers["content-type"] else None
        for name, variable in KEPT.items():
            if isinstance(self.answer, dict) and self.answer.get(name):
                self.variables[variable] = self.answer[name]

    def filled(self, command):
        command = command.replace("$(uuidgen)", str(uuid.uuid4()))
        command = command.replace("'$TOKEN'", self.variables.get("TOKEN", ""))
        return re.sub(r"\$([A-Z]+)", lambda found: self.variables[found.group(1)], command)


def shape_of(shown, got):
    """What the guide shows and the answer lacks; values written out must be the same."""
    if isinstance(shown, dict):
        return [
            f"{name}: {fault}"
            for name, value in shown.items()
            for fault in (shape_of(value, got[name]) if name in got else ["missing"])
        ]
    if isinstance(shown, list):
        return [f for value, there in zip(shown, got, strict=False) for f in shape_of(value, there)]
    if isinstance(shown, str) and "…" in shown:
        return [] if str(got).startswith(shown.partition("…")[0]) else [f"{got!r}"]
    return [] if shown == got else [f"{got!r} instead of {shown!r}"]


async def test_every_command_of_the_guide_works_and_answers_as_shown(site):
    text = GUIDE.read_text(encoding="utf-8").partition("## Rules for every call")[0]
    async with site.client() as client:
        reader = Reader(client)
        for language, block in FENCE.findall(text):
            if language == "sh":
                for command in re.split(r"\n(?=curl )", block.strip()):
                    if command.startswith("curl "):
                        await reader.run(command)
            elif language == "json":
                assert shape_of(json.loads(block), reader.answer) == []
    assert reader.sent > 10


async def test_the_problem_document_in_the_guide_is_what_the_api_says(site):
    rules = GUIDE.read_text(encoding="utf-8").partition("## Rules for every call")[2]
    shown = next(json.loads(b) for language, b in FENCE.findall(rules) if language == "json")
    company = await site.company(sandbox=True)
    answer = await company.post("/v1/test-clock/advance", {"to": "yesterday"})
    assert shape_of(shown, answer.json()) == []
