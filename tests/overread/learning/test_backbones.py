"""Initial weights: the right ones or none, and a sentence for the model card."""

import hashlib
import re
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import save_file

from overread.domain.errors import ConfigurationError, InputError, NotFoundError, UnavailableError
from overread.learning.architectures import Network, build
from overread.learning.backbones import RANDOM_STATEMENT, starting_weights, statement
from overread.learning.checkpoints import TrainedModel, save_model
from overread.learning.determinism import seeded
from overread.learning.operators import torchvision_models
from overread.learning.recipes import InitialWeights, Recipe, recipe_of

IMAGENET = {"channels": 3, "mean": [0.485, 0.456, 0.406], "std": [0.229, 0.224, 0.225]}


def recipe(architecture: str = "resnet18", *, size: int = 64, **weights: Any) -> Recipe:
    return recipe_of(
        {
            "name": "t",
            "architecture": architecture,
            "contract": {"size": size, **IMAGENET},
            "images": {"passes": 1},
            "weights": weights,
        }
    )


def network(architecture: str = "resnet18", *, size: int = 64, seed: int = 7) -> Network:
    with seeded(seed):
        return build(architecture, recipe(architecture, size=size).contract, outputs=2)


def digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def from_file(path: Path, architecture: str = "resnet18", **changes: Any) -> Recipe:
    return recipe(architecture, source="checkpoint", path=str(path), sha256=digest(path), **changes)


def kept(body: torch.nn.Module, path: Path) -> Path:
    """Write a body as torchvision would, with a classifier of its own."""
    state = {**body.state_dict(), "fc.weight": torch.zeros(1000, 512)}
    if path.suffix == ".safetensors":
        save_file(state, path)
    else:
        torch.save(state, path)
    return path


@pytest.mark.parametrize("name", ["body.pth", "body.safetensors"])
def test_a_body_starts_from_a_checkpoint_and_the_head_does_not(tmp_path: Path, name: str) -> None:
    giver = network(seed=7)
    ordered = from_file(kept(giver.body, tmp_path / name))
    weights = starting_weights(ordered, outputs=2)
    assert weights is not None
    assert all(torch.equal(weights[f"body.{key}"], t) for key, t in giver.body.state_dict().items())
    assert torch.equal(weights["head.weight"], network(seed=ordered.seed).head.weight)
    assert ordered.weights.sha256 in statement(ordered.weights, ordered.architecture)


def test_without_a_table_all_weights_are_random_and_the_card_says_so() -> None:
    assert starting_weights(recipe(), outputs=2) is None
    assert statement(InitialWeights(), "resnet18") == RANDOM_STATEMENT


def test_the_card_says_where_the_head_is_not_the_published_one() -> None:
    assert "not the one that was published" in statement(InitialWeights(), "vgg16")
    assert "published" not in statement(InitialWeights(), "densenet121")


def test_another_a_missing_and_an_unfitting_file_are_refused(tmp_path: Path) -> None:
    path = kept(network().body, tmp_path / "body.pth")
    ordered = from_file(path)
    with pytest.raises(InputError, match="do not fit"):
        starting_weights(from_file(path, "resnet34"), outputs=2)
    path.write_bytes(path.read_bytes() + b" ")
    with pytest.raises(InputError, match="another checkpoint"):
        starting_weights(ordered, outputs=2)
    path.unlink()
    with pytest.raises(NotFoundError, match=re.escape("body.pth")):
        starting_weights(ordered, outputs=2)


@pytest.mark.parametrize("name", ["body.pth", "body.safetensors"])
def test_a_file_that_is_no_tensors_is_never_unpickled(tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    torch.save({"conv1.weight": Path("a class")}, path)
    with pytest.raises(InputError, match="no plain tensors"):
        starting_weights(from_file(path), outputs=2)


def test_a_model_of_ours_gives_its_body_only_for_the_same_network_and_preprocessing(tmp_path: Path) -> None:
    made, path = network(), tmp_path / "model.safetensors"
    model = TrainedModel(
        weights=dict(made.state_dict()),
        architecture="resnet18",
        width=16,
        columns=("any", "a"),
        contract=recipe().contract,
    )
    save_model(path, model)
    weights = starting_weights(from_file(path), outputs=5)
    assert weights is not None
    assert torch.equal(weights["body.conv1.weight"], made.state_dict()["body.conv1.weight"])
    assert weights["head.weight"].shape[0] == 5
    for other in (from_file(path, "resnet34"), from_file(path, size=96)):
        with pytest.raises(ConfigurationError, match="the recipe is for"):
            starting_weights(other, outputs=2)


def test_a_transformers_position_embeddings_are_interpolated_for_another_size(tmp_path: Path) -> None:
    with seeded(1):
        body = build("vit_b_16", recipe("vit_b_16").contract, outputs=2).body
    torch.save(body.state_dict(), tmp_path / "vit.pth")
    weights = starting_weights(from_file(tmp_path / "vit.pth", "vit_b_16", size=96), outputs=2)
    assert weights is not None
    given, made = body.state_dict()["encoder.pos_embedding"], weights["body.encoder.pos_embedding"]
    assert made.shape == (1, 1 + 6 * 6, 768)
    torch.testing.assert_close(made[:, 0], given[:, 0])
    torch.testing.assert_close(made[:, [1, 6, 31, 36]], given[:, [1, 4, 13, 16]])  # corners keep their places


def test_densenets_old_names_are_understood(tmp_path: Path) -> None:
    body = network("densenet121").body
    old = {
        re.sub(r"(denselayer\d+\.(?:norm|conv))([12])\.", r"\1.\2.", key): tensor
        for key, tensor in body.state_dict().items()
    }
    assert "features.denseblock1.denselayer1.norm.1.weight" in old
    torch.save(old, tmp_path / "old.pth")
    weights = starting_weights(from_file(tmp_path / "old.pth", "densenet121"), outputs=2)
    assert weights is not None
    assert all(torch.equal(weights[f"body.{key}"], tensor) for key, tensor in body.state_dict().items())


def test_torchvisions_weights_are_taken_from_torchs_cache_and_checked(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TORCH_HOME", str(tmp_path))
    file = tmp_path / "hub" / "checkpoints" / "resnet18-f37072fd.pth"
    file.parent.mkdir(parents=True)
    giver = network()
    kept(giver.body, file)
    named: dict[str, Any] = {"source": "torchvision", "name": "IMAGENET1K_V1"}
    weights = starting_weights(recipe(**named, sha256=digest(file)), outputs=2)
    assert weights is not None
    assert torch.equal(weights["body.conv1.weight"], giver.state_dict()["body.conv1.weight"])
    with pytest.raises(InputError, match="f37072fd"):
        starting_weights(recipe(**named), outputs=2)


def test_without_a_network_torchvisions_weights_say_what_to_do(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TORCH_HOME", str(tmp_path))
    monkeypatch.setenv("https_proxy", "http://127.0.0.1:9")  # nobody listens there
    monkeypatch.setenv("no_proxy", "")
    with pytest.raises(UnavailableError, match="give the file as a checkpoint"):
        starting_weights(recipe(source="torchvision", name="IMAGENET1K_V1"), outputs=2)


def test_torchvisions_weights_are_for_pictures_prepared_as_theirs() -> None:
    table: dict[str, Any] = {"source": "torchvision", "name": "IMAGENET1K_V1"}
    with pytest.raises(ConfigurationError, match=r"0\.5, 0\.5, 0\.5"):
        starting_weights(recipe("googlenet", **table), outputs=2)
    with pytest.raises(ConfigurationError, match="IMAGENET1K_V1"):
        starting_weights(recipe(source="torchvision", name="JFT"), outputs=2)


def test_every_network_has_a_name_at_torchvision() -> None:
    for name in ("resnet152", "densenet121", "googlenet", "vgg16", "alexnet", "convnext_tiny", "vit_b_16"):
        assert "IMAGENET1K_V1" in torchvision_models().get_model_weights(name).__members__


@pytest.mark.parametrize(
    ("table", "words"),
    [
        ({"source": "checkpoint", "path": "x.pth"}, "sha256"),
        ({"source": "torchvision"}, "name"),
        ({"source": "random", "path": "x.pth"}, "nothing else"),
        ({"source": "astra"}, "ResNet-152"),
        ({"source": "heaven"}, "source"),
    ],
)
def test_a_table_that_leaves_the_weights_open_is_refused(table: dict[str, Any], words: str) -> None:
    with pytest.raises(ConfigurationError, match=words):
        recipe(**table)
