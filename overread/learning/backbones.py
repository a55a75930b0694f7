"""What a first model starts from, checked by digest, and the sentence its model card must carry about it."""

import hashlib
import re
from pathlib import Path
from typing import Any
from urllib.error import URLError

import torch

from overread.domain.errors import ConfigurationError, InputError, NotFoundError, UnavailableError
from overread.learning.architectures import Network, build
from overread.learning.astra import ASTRA_SHA256, astra_weights, summed_over_depth
from overread.learning.bodies import BODIES, PATCH
from overread.learning.checkpoints import Weights, load_model, load_tensors
from overread.learning.determinism import seeded
from overread.learning.operators import torchvision_models
from overread.learning.recipes import InitialWeights, Recipe, Source

RANDOM_STATEMENT = "All weights started random: no pretrained checkpoint was used."
_SHIFTED = {"googlenet": ((0.5,) * 3, (0.5,) * 3)}  # torchvision shifts its pictures within the network
_POSITIONS = "encoder.pos_embedding"
_OWN = "body."  # how our own models call what torchvision's call nothing


def starting_weights(recipe: Recipe, *, outputs: int) -> Weights | None:
    """Return all weights that a first model of `recipe` starts from; None where they are random.

    A vision transformer's position embeddings are interpolated for the size in the recipe's contract.

    Raises
    ------
    NotFoundError, UnavailableError
        The file, the package or the network that should give them is not there.
    InputError
        Digest, names or shapes are not those of this body.
    ConfigurationError
        They were trained on pictures prepared in another way than the contract says.
    """
    if recipe.weights.source is Source.RANDOM:
        return None
    with seeded(recipe.seed):
        network = build(recipe.architecture, recipe.contract, outputs=outputs, width=recipe.width)
    _start(network, _body_weights(recipe), recipe)
    return dict(network.state_dict())


def statement(weights: InitialWeights, architecture: str) -> str:
    """Return what the model card says of the start, and of a head that is not the published one."""
    start = {
        Source.RANDOM: RANDOM_STATEMENT,
        Source.CHECKPOINT: f"The body started from the checkpoint {Path(weights.path).name} "
        f"(SHA-256 {weights.sha256}), the head from random weights.",
        Source.TORCHVISION: f"The body started from torchvision's {weights.name}, trained on photographs; "
        "the head from random weights.",
        Source.ASTRA: "The body started from the kernels of a CT network (Astra, I3ResNet-152, MIT licence) "
        f"summed over depth (SHA-256 {ASTRA_SHA256}), the head from random weights.",
    }[weights.source]
    if architecture not in BODIES or BODIES[architecture].published_head:
        return start
    return f"{start} The head is a mean over places and one linear layer, not the one that was published."


def _body_weights(recipe: Recipe) -> Weights:
    weights = recipe.weights
    if weights.source is Source.ASTRA:
        return summed_over_depth(astra_weights())
    if weights.source is Source.TORCHVISION:
        return load_tensors(_published(recipe))
    path = Path(weights.path)
    if not path.is_file():
        raise NotFoundError(f"no backbone checkpoint at {path}")
    _check_digest(path, weights.sha256)
    tensors = load_tensors(path)
    ours = any(name.startswith(_OWN) for name in tensors)
    return _own_body(path, recipe) if ours else tensors


def _own_body(path: Path, recipe: Recipe) -> Weights:
    """Return the body of a model that Overread wrote, whose header says what it is and reads."""
    model = load_model(path)
    ours = (recipe.architecture, recipe.width, recipe.contract)
    if (model.architecture, model.width, model.contract) != ours:
        raise ConfigurationError(
            f"{path} is {model.architecture} for {model.contract}; the recipe is for {recipe.architecture} "
            f"and {recipe.contract}"
        )
    return {name.removeprefix(_OWN): t for name, t in model.weights.items() if name.startswith(_OWN)}


def _published(recipe: Recipe) -> Path:
    """Return torchvision's file of the recipe's weights, fetched once into torch's own cache."""
    choice = _choice(recipe)
    file = Path(torch.hub.get_dir(), "checkpoints", choice.url.rsplit("/", 1)[1])
    digits = file.stem.rsplit("-", 1)[1]
    if not file.exists():
        file.parent.mkdir(parents=True, exist_ok=True)
        try:
            torch.hub.download_url_to_file(choice.url, str(file), digits, progress=False)
        except (URLError, OSError) as error:
            raise UnavailableError(
                f"cannot fetch {choice.url}: {error}; fetch it elsewhere and give the file as a checkpoint "
                "with its SHA-256"
            ) from error
    _check_digest(file, recipe.weights.sha256 or digits)
    return file


def _choice(recipe: Recipe) -> Any:
    """Return torchvision's entry, whose preprocessing must be the contract's."""
    name, architecture, contract = recipe.weights.name, recipe.architecture, recipe.contract
    known = torchvision_models().get_model_weights(architecture) if architecture in BODIES else {}
    names = [entry.name for entry in known]
    if name not in names:
        said = ", ".join(names) or "none"
        raise ConfigurationError(f"torchvision has no weights {name!r} of {architecture}; there are {said}")
    choice = known[name]
    prepared = choice.transforms()
    mean, std = _SHIFTED.get(architecture, (tuple(prepared.mean), tuple(prepared.std)))
    if contract.standardise or (contract.mean, contract.std) != (mean, std):
        raise ConfigurationError(
            f"{name} of {architecture} was trained with mean {mean} and std {std}, unlike the contract"
        )
    return choice


def _check_digest(path: Path, expected: str) -> None:
    """Raise unless a file's SHA-256 starts with the digits that were given of it."""
    with path.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    if not digest.startswith(expected):
        raise InputError(f"{path} has SHA-256 {digest}, not {expected}; it is another checkpoint")


def _start(network: Network, tensors: Weights, recipe: Recipe) -> None:
    """Load a body's tensors into `network`; its head stays as it is."""
    head = BODIES[recipe.architecture].head if recipe.architecture in BODIES else ()
    state = {_renamed(name): tensor for name, tensor in tensors.items() if not name.startswith(head)}
    if _POSITIONS in state:
        transformer = torchvision_models().vision_transformer
        state = transformer.interpolate_embeddings(recipe.contract.size, PATCH, dict(state))
    try:
        network.body.load_state_dict(state)
    except RuntimeError as error:
        raise InputError(f"these weights do not fit {recipe.architecture}: {error}") from error


def _renamed(name: str) -> str:
    """Return the name of a tensor today; torchvision's DenseNet file is older than its names."""
    return re.sub(r"(denselayer\d+\.(?:norm|conv))\.([12])\.", r"\1\2.", name)
