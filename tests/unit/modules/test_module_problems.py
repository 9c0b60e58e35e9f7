"""What becomes of errors that nobody foresaw."""

from litestar import get
from litestar.testing import create_test_client

from inventory_modules.chassis.problems import handle_error


@get("/breaks")
async def breaks() -> None:
    raise RuntimeError("a secret of the inside")


def test_an_unforeseen_error_is_a_problem_that_keeps_its_secrets():
    with create_test_client([breaks], exception_handlers={Exception: handle_error}) as client:
        answer = client.get("/breaks", headers={"Accept-Language": "zh"})

    assert (answer.status_code, answer.json()["code"]) == (500, "internal_error")
    assert answer.headers["Content-Type"] == "application/problem+json"
    assert "secret" not in answer.text
    assert answer.json()["remedy"].startswith("请使用同一 Idempotency-Key")
