"""What was not read teaches nothing; weights count as repeats do."""

import math

import pytest
import torch
from torch.nn import functional

from overread.domain.errors import ConfigurationError
from overread.learning.architectures import Reading
from overread.learning.losses import Doubt, answers, masked_cross_entropy, reading_loss

NAN = float("nan")


def test_an_unread_finding_gets_no_gradient() -> None:
    logits = torch.zeros(2, 2, requires_grad=True)
    loss = masked_cross_entropy(logits, torch.tensor([[1.0, NAN], [0.0, 1.0]]), torch.ones(2))
    loss.backward()  # type: ignore[no-untyped-call]  # torch leaves it untyped
    assert logits.grad is not None
    assert logits.grad[0, 1] == 0
    assert (logits.grad[[0, 1, 1], [0, 0, 1]] != 0).all()


def test_with_everything_read_it_is_the_usual_mean() -> None:
    torch.manual_seed(0)
    logits, labels = torch.randn(5, 3), (torch.rand(5, 3) > 0.5).float()
    expected = functional.binary_cross_entropy_with_logits(logits, labels)
    torch.testing.assert_close(masked_cross_entropy(logits, labels, torch.ones(5)), expected)


def test_a_weight_of_two_equals_the_study_twice() -> None:
    logits, labels = torch.tensor([[0.3], [-1.2]]), torch.tensor([[1.0], [0.0]])
    weighted = masked_cross_entropy(logits, labels, torch.tensor([2.0, 1.0]))
    repeated = masked_cross_entropy(logits[[0, 0, 1]], labels[[0, 0, 1]], torch.ones(3))
    torch.testing.assert_close(weighted, repeated)


def test_where_nothing_was_read_the_loss_is_zero_and_finite() -> None:
    logits = torch.zeros(2, 2, requires_grad=True)
    loss = masked_cross_entropy(logits, torch.full((2, 2), NAN), torch.ones(2))
    loss.backward()  # type: ignore[no-untyped-call]  # torch leaves it untyped
    assert float(loss.detach()) == 0
    assert logits.grad is not None
    assert torch.equal(logits.grad, torch.zeros(2, 2))


def a_reading(n: int) -> Reading:
    torch.manual_seed(1)
    return Reading(torch.randn(n, 3), torch.randn(n, 3, 2, 2), torch.zeros(n, 1))


def test_codes_count_twice_beside_the_answer_any_finding() -> None:
    labels, places = torch.tensor([[1.0, 1.0, 0.0]]), torch.full((1, 3, 2, 2), NAN)
    unread = labels.clone()
    unread[:, 1:] = NAN
    reading = Reading(torch.zeros(1, 3), torch.zeros(1, 3, 2, 2), torch.zeros(1, 1))
    first = reading_loss(reading, answers(unread, places, torch.ones(1)))
    torch.testing.assert_close(reading_loss(reading, answers(labels, places, torch.ones(1))), 3 * first)


def test_a_network_with_one_output_has_no_codes_to_answer() -> None:
    reading = Reading(torch.zeros(2, 1), torch.zeros(2, 1, 2, 2), torch.zeros(2, 1))
    expected = answers(torch.tensor([[1.0], [0.0]]), torch.full((2, 1, 2, 2), NAN), torch.ones(2))
    assert float(reading_loss(reading, expected)) == pytest.approx(math.log(2))


def test_the_losses_of_the_parts_add_up_to_the_loss_of_the_batch() -> None:
    reading, labels = a_reading(6), (torch.rand(6, 3) > 0.5).float()
    labels[0, 1:] = NAN
    places = labels[:, :, None, None].repeat(1, 1, 2, 2)
    places[3] = NAN
    whole = answers(labels, places, torch.tensor([1.0, 2.0, 0.5, 1.0, 1.0, 3.0]))
    pieces = [
        reading_loss(Reading(*(tensor[part] for tensor in reading)), whole.part(part))
        for part in (slice(0, 1), slice(1, 4), slice(4, 6))
    ]
    torch.testing.assert_close(torch.stack(pieces).sum(), reading_loss(reading, whole))


def test_without_power_the_generalised_loss_is_the_limit_of_small_powers() -> None:
    logits, labels = torch.randn(50, 1), (torch.rand(50, 1) > 0.5).float()
    plain, nearly = (
        masked_cross_entropy(logits, labels, torch.ones(50), doubt=Doubt(power=power), positive_weight=3.0)
        for power in (0.0, 1e-4)
    )
    torch.testing.assert_close(nearly, plain, rtol=1e-3, atol=1e-3)


def test_with_power_one_it_is_the_mean_absolute_error() -> None:
    logits, labels = torch.randn(20, 1), (torch.rand(20, 1) > 0.5).float()
    loss = masked_cross_entropy(logits, labels, torch.ones(20), doubt=Doubt(power=1.0))
    torch.testing.assert_close(loss, (labels - logits.sigmoid()).abs().mean())


def test_a_surely_wrong_label_pulls_less_when_labels_are_doubted() -> None:
    def pull(doubt: Doubt) -> float:
        logit = torch.tensor([[6.0]], requires_grad=True)
        loss = masked_cross_entropy(logit, torch.zeros(1, 1), torch.ones(1), doubt=doubt)
        (gradient,) = torch.autograd.grad(loss, logit)
        return float(gradient)

    assert 0 < pull(Doubt(power=0.7)) < 0.1 * pull(Doubt())


def test_smoothing_makes_certainty_cost() -> None:
    sure = torch.tensor([[20.0]])
    loss = masked_cross_entropy(sure, torch.ones(1, 1), torch.ones(1), doubt=Doubt(smoothing=0.1))
    assert float(loss) == pytest.approx(20 * 0.05, rel=1e-3)


@pytest.mark.parametrize("wrong", [{"power": 1.5}, {"power": -0.1}, {"smoothing": 1.0}])
def test_a_doubt_that_leaves_nothing_to_learn_is_refused(wrong: dict[str, float]) -> None:
    with pytest.raises(ConfigurationError, match=r"loss\.power"):
        Doubt(**wrong)
