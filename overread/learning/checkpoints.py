"""Weights and half-done trainings on disk: safetensors, written whole or not at all, nothing unpickled."""

import json
import os
import tempfile
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from overread.domain.errors import ConfigurationError, ConflictError, InputError, NotFoundError
from overread.learning.architectures import InputContract, Network, build

Weights = dict[str, Tensor]
_OPTIMISER = "optimiser."
_NETWORK = "network."
_FACTS = "overread"


@dataclass(frozen=True, kw_only=True)
class TrainedModel:
    """Weights with all that is needed to use them: architecture, columns of its outputs, input contract."""

    weights: Weights
    architecture: str
    width: int
    columns: tuple[str, ...]
    contract: InputContract
    history: tuple[dict[str, float | str], ...] = ()

    def network(self) -> Network:
        """Return the network with these weights, ready to score."""
        network = build(self.architecture, self.contract, outputs=len(self.columns), width=self.width)
        network.load_state_dict(self.weights)
        return network.eval()


def save_model(path: Path, model: TrainedModel) -> None:
    """Write a model as one safetensors file; architecture, columns, contract, history are in its header."""
    facts = {
        "architecture": model.architecture,
        "width": model.width,
        "columns": model.columns,
        "contract": asdict(model.contract),
        "history": model.history,
    }
    _save(path, model.weights, facts)


def load_model(path: Path) -> TrainedModel:
    """Read what `save_model` wrote; weights of another architecture are refused when it is built."""
    weights, facts = _load(path)
    contract = facts["contract"]
    return TrainedModel(
        weights=weights,
        architecture=facts["architecture"],
        width=facts["width"],
        columns=tuple(facts["columns"]),
        contract=InputContract(
            size=contract["size"],
            channels=contract["channels"],
            mean=tuple(contract["mean"]),
            std=tuple(contract["std"]),
            standardise=contract["standardise"],
        ),
        history=tuple(facts["history"]),
    )


@dataclass(frozen=True, kw_only=True)
class Unfinished:
    """A training between two legs. All randomness is made of (seed, leg), so the leg is the random state."""

    of: str  # digest of recipe, studies and initial weights
    legs_done: int
    weights: Weights
    optimiser: Weights
    history: tuple[dict[str, float | str], ...]


def save_unfinished(path: Path, state: Unfinished) -> None:
    """Replace the checkpoint at `path` by a newer one, atomically."""
    tensors = {_NETWORK + name: tensor for name, tensor in state.weights.items()}
    tensors |= {_OPTIMISER + name: tensor for name, tensor in state.optimiser.items()}
    _save(path, tensors, {"of": state.of, "legs_done": state.legs_done, "history": state.history})


def load_unfinished(path: Path, *, of: str) -> Unfinished | None:
    """Return the checkpoint at `path`, None where there is none; raise when it is of another training."""
    if not path.exists():
        return None
    tensors, facts = _load(path)
    if facts["of"] != of:
        raise ConflictError(f"{path} is a checkpoint of another training; give this one a folder of its own")
    return Unfinished(
        of=of,
        legs_done=facts["legs_done"],
        weights=_part(tensors, _NETWORK),
        optimiser=_part(tensors, _OPTIMISER),
        history=tuple(facts["history"]),
    )


def load_tensors(path: Path) -> Weights:
    """Read bare tensors by name, from safetensors or a torch state that is loaded as tensors only."""
    from safetensors.torch import load_file

    if path.suffix == ".safetensors":
        return load_file(path)
    state: Weights = torch.load(path, map_location="cpu", weights_only=True)
    return state


def optimiser_tensors(optimiser: torch.optim.Optimizer) -> Weights:
    """Return the moments of an optimiser, flat; its rates are the schedule's and are not kept."""
    state = optimiser.state_dict()["state"]
    return {f"{number}.{name}": value for number, values in state.items() for name, value in values.items()}


def restore_optimiser(optimiser: torch.optim.Optimizer, tensors: Mapping[str, Tensor]) -> None:
    """Give back to a new optimiser over the same weights what `optimiser_tensors` returned."""
    state: dict[int, dict[str, Tensor]] = {}
    for key, value in tensors.items():
        number, name = key.split(".", 1)
        state.setdefault(int(number), {})[name] = value
    optimiser.load_state_dict({"state": state, "param_groups": optimiser.state_dict()["param_groups"]})


def _part(tensors: Weights, prefix: str) -> Weights:
    return {name.removeprefix(prefix): tensor for name, tensor in tensors.items() if name.startswith(prefix)}


def _save(path: Path, tensors: Weights, facts: Mapping[str, Any]) -> None:
    from safetensors.torch import save

    content = save(
        {name: tensor.detach().cpu().contiguous() for name, tensor in tensors.items()}, _header(facts)
    )
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, draft = tempfile.mkstemp(prefix=f".{path.name}-", dir=path.parent)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        Path(draft).replace(path)
    finally:
        Path(draft).unlink(missing_ok=True)


def _header(facts: Mapping[str, Any]) -> dict[str, str]:
    return {_FACTS: json.dumps(facts)}


def _load(path: Path) -> tuple[Weights, dict[str, Any]]:
    from safetensors import SafetensorError, safe_open

    if not path.is_file():
        raise NotFoundError(f"no weights at {path}")
    try:
        with safe_open(path, framework="pt") as file:
            header = file.metadata() or {}
            tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118 - not a mapping
    except SafetensorError as error:
        raise InputError(f"{path} is not a whole safetensors file: {error}") from error
    if _FACTS not in header:
        raise ConfigurationError(
            f"{path} was not written by Overread: its header does not say what the weights are of"
        )
    return tensors, json.loads(header[_FACTS])
