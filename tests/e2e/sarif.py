"""What is written as SARIF, against a schema of the part that we write, and against the official one
if $M8_SARIF_SCHEMA names it (OASIS, sarif-schema-2.1.0.json)."""
import json
import os
import pathlib

import jsonschema

import support

SCHEMA = support.SOURCE / "tests" / "data" / "schema" / "sarif-2.1.0-part.json"


def schemas():
    official = os.environ.get("M8_SARIF_SCHEMA")
    return [json.loads(pathlib.Path(path).read_text()) for path in [SCHEMA, *([official] if official else [])]]


def errors_of(log):
    """What is wrong with a log; empty: nothing."""
    errors = []
    for schema in schemas():
        kind = jsonschema.validators.validator_for(schema)
        kind.check_schema(schema)
        errors += [f"{'/'.join(map(str, error.absolute_path))}: {error.message[:300]}" for error in
                   kind(schema, format_checker=jsonschema.FormatChecker()).iter_errors(log)]
    for run in log["runs"]:
        rules = run["tool"]["driver"]["rules"]
        errors += [f"rule of {result['ruleId']}" for result in run["results"]
                   if rules[result["ruleIndex"]]["id"] != result["ruleId"]]
    return errors
