"""What was not read teaches nothing; weights count as repeats do."""

import torch
from torch.nn import functional

from overread.learning.losses import masked_cross_entropy, study_loss

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


def test_codes_count_twice_beside_the_answer_any_finding() -> None:
    labels = torch.tensor([[1.0, 1.0, 0.0]])
    unread = labels.clone()
    unread[:, 1:] = NAN
    first = study_loss(torch.zeros(1, 3), unread, torch.ones(1))
    torch.testing.assert_close(study_loss(torch.zeros(1, 3), labels, torch.ones(1)), 3 * first)
