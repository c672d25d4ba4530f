"""Batches of statements of reasons, a line each on standard input, against the schema that is named: with
jsonschema_rs, which nobody here wrote. Prints how many there were, and fails with the first that is invalid."""

import json
import sys

import jsonschema_rs

with open(sys.argv[1], encoding="utf-8") as schema:
    validator = jsonschema_rs.Draft202012Validator(json.load(schema), validate_formats=True)

statements = 0
for line in sys.stdin:
    batch = json.loads(line)
    assert list(batch) == ["statements"], list(batch)
    assert 1 <= len(batch["statements"]) <= 100, len(batch["statements"])
    for statement in batch["statements"]:
        for error in validator.iter_errors(statement):
            sys.exit(f"{error}\n{json.dumps(statement, indent=1)}")
        statements += 1
print(statements)
