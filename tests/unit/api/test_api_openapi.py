"""The OpenAPI document: complete enough to make a client of."""

from starlette.testclient import TestClient

from api.epcis.problem_types import EPCIS_EXCEPTIONS
from api.problem_types import PROBLEM_TYPES
from park.scans import SCAN

KNOWN = {**PROBLEM_TYPES, **EPCIS_EXCEPTIONS}
SOME_ID = "01998c4e-8a00-7000-8000-000000000001"


def test_every_operation_is_described_and_its_problems_are_typed(client: TestClient) -> None:
    document = client.get("/openapi.json").json()
    assert document["openapi"].startswith("3.1")
    ids: list[str] = []
    for path, operations in document["paths"].items():
        for method, operation in operations.items():
            where = f"{method} {path}"
            assert operation["summary"], where
            assert operation["description"], where
            ids.append(operation["operationId"])
            for parameter in operation.get("parameters", ()):
                assert parameter["description"], (where, parameter["name"])
            for status, response in operation["responses"].items():
                if status >= "400":
                    assert list(response["content"]) == ["application/problem+json"], where
                elif status not in {"202", "204"}:
                    assert response["content"], where
    assert len(ids) == len(set(ids)) >= 28
    assert "HTTPValidationError" not in document["components"]["schemas"]


def test_every_step_has_an_example_and_no_required_id(client: TestClient) -> None:
    document = client.get("/openapi.json").json()
    steps = [path for path in document["paths"] if path.startswith("/v1/steps/")]
    assert len(steps) == 7
    for path in steps:
        schema = document["paths"][path]["post"]["requestBody"]["content"]["application/json"]
        name = schema["schema"]["$ref"].rpartition("/")[2]
        assert "id" not in document["components"]["schemas"][name]["required"]
        examples = schema["schema"].get("examples") or schema.get("examples")
        assert examples
        for example in examples:
            action = path.rpartition("/")[2].replace("-", "_")
            SCAN.validate_python({"id": SOME_ID, "action": action, **example})


def test_every_problem_that_an_operation_names_exists(client: TestClient) -> None:
    document = client.get("/openapi.json").json()
    for operations in document["paths"].values():
        for operation in operations.values():
            for status, response in operation["responses"].items():
                if status >= "400":
                    slugs = response["description"].replace("`", "").split(" · ")
                    rows = [KNOWN[slug] for slug in slugs]
                    assert {row.status for row in rows} == {int(status)}
