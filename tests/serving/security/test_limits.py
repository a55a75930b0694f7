import pytest
from hypothesis import given
from hypothesis import strategies as st

from serving.problems import QuotaError
from serving.security.limits import MIB, Quota
from tests.serving.conftest import House


class _Clock:
    def __init__(self) -> None:
        self.seconds = 0.0

    def __call__(self) -> float:
        return self.seconds


def test_a_bucket_refills_over_a_minute() -> None:
    clock = _Clock()
    quota = Quota(60, clock=clock)
    for _ in range(60):
        quota.take("rita")
    with pytest.raises(QuotaError) as refused:
        quota.take("rita")
    assert refused.value.retry_after == 1
    clock.seconds = 1.0
    quota.take("rita")
    with pytest.raises(QuotaError):
        quota.take("rita")


def test_a_forgotten_caller_has_a_full_bucket() -> None:
    quota = Quota(1, clock=_Clock())
    quota.take("rita")
    quota.forget("rita")
    quota.forget("nobody")
    quota.take("rita")
    with pytest.raises(QuotaError):
        quota.take("rita")


@given(st.integers(1, 50), st.lists(st.floats(0, 5), max_size=200))
def test_nobody_gets_more_than_the_bucket_and_its_refill(per_minute: int, pauses: list[float]) -> None:
    clock = _Clock()
    quota = Quota(per_minute, clock=clock)
    taken = 0
    for pause in pauses:
        clock.seconds += pause
        try:
            quota.take("rita")
            taken += 1
        except QuotaError:
            pass
    assert taken <= per_minute + clock.seconds * per_minute / 60 + 1e-6


def test_json_over_one_mebibyte_is_refused_by_its_declared_length(house: House) -> None:
    answer = house.ask(
        "rita",
        "POST",
        "/api/v1/studies/1.2.3/feedback",
        content=b" " * (MIB + 1),
        headers={"Content-Type": "application/json", "Idempotency-Key": "k"},
    )
    assert (answer.status_code, answer.json()["code"]) == (413, "too-large")


def test_json_over_one_mebibyte_is_refused_where_it_passes_too(house: House) -> None:
    answer = house.ask(
        "rita",
        "POST",
        "/api/v1/studies/1.2.3/feedback",
        content=(b" " * 65_536 for _ in range(20)),
        headers={"Content-Type": "application/json", "Idempotency-Key": "k"},
    )
    assert (answer.status_code, answer.json()["code"]) == (413, "too-large")


def test_the_role_is_judged_before_the_size(house: House) -> None:
    answer = house.ask("anna", "POST", "/api/v1/studies/1.2.3/feedback", content=b" " * (MIB + 1))
    assert answer.status_code == 403
