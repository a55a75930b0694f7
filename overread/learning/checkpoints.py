"""Weights on disk: safetensors, written whole or not at all, nothing unpickled."""

import json
import os
import tempfile
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from pickle import UnpicklingError
from typing import Any

import torch
from torch import Tensor

from overread.domain.errors import ConfigurationError, InputError, NotFoundError
from overread.learning.architectures import InputContract, Network, build

Weights = dict[str, Tensor]
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
        try:
            network.load_state_dict(self.weights)
        except RuntimeError as error:
            raise InputError(f"these are no weights of {self.architecture} as described: {error}") from error
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
    write_tensors(path, model.weights, facts)


def load_model(path: Path) -> TrainedModel:
    """Read what `save_model` wrote; weights of another architecture are refused when it is built."""
    weights, facts = read_tensors(path)
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


def load_tensors(path: Path) -> Weights:
    """Read bare tensors by name, from safetensors or a torch state that is loaded as tensors only."""
    from safetensors import SafetensorError
    from safetensors.torch import load_file

    try:
        if path.suffix == ".safetensors":
            return load_file(path)
        state: Weights = torch.load(path, map_location="cpu", weights_only=True)
    except (SafetensorError, UnpicklingError, RuntimeError, EOFError) as error:
        raise InputError(f"{path} holds no plain tensors: {error}") from error
    return state


def write_tensors(path: Path, tensors: Weights, facts: Mapping[str, Any]) -> None:
    """Replace the file at `path` by these tensors, atomically; `facts` are JSON values for its header."""
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


def read_tensors(path: Path) -> tuple[Weights, dict[str, Any]]:
    """Return the tensors and facts that `write_tensors` was given.

    Raises
    ------
    NotFoundError
        There is no such file.
    InputError
        It is cut short or damaged.
    ConfigurationError
        Somebody else wrote it.
    """
    from safetensors import SafetensorError, safe_open

    if not path.is_file():
        raise NotFoundError(f"no weights at {path}; give the path of a model file, or train one")
    try:
        with safe_open(path, framework="pt") as file:
            header = file.metadata() or {}
            tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118 - not a mapping
    except SafetensorError as error:
        raise InputError(
            f"{path} is not a whole safetensors file: {error}; delete it and fetch or train it again"
        ) from error
    if _FACTS not in header:
        raise ConfigurationError(
            f"{path} was not written by Overread: its header does not say what the weights are of"
        )
    return tensors, json.loads(header[_FACTS])
