"""What a network starts from, checked by digest, and the sentence its model card must carry about it."""

import hashlib
from dataclasses import dataclass
from pathlib import Path

from overread.domain.errors import InputError, NotFoundError
from overread.learning.architectures import Network
from overread.learning.checkpoints import load_tensors


@dataclass(frozen=True, kw_only=True, slots=True)
class Backbone:
    """A checkpoint of a body in torchvision's names (`conv1.weight` ...), a `.pth` state or safetensors."""

    path: Path
    sha256: str

    @property
    def statement(self) -> str:
        """What the model card says."""
        return (
            f"The body started from the checkpoint {self.path.name} (SHA-256 {self.sha256}), "
            "the head from random weights."
        )


RANDOM_STATEMENT = "All weights started random: no pretrained checkpoint was used."


def start_from(network: Network, backbone: Backbone) -> None:
    """Load a body's weights into `network`; the head, and what the body does not name, stay as they are.

    Raises
    ------
    NotFoundError
        The file is missing.
    InputError
        Its digest is another, or its tensors do not fit this body.
    """
    if not backbone.path.is_file():
        raise NotFoundError(f"no backbone checkpoint at {backbone.path}")
    with backbone.path.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    if digest != backbone.sha256:
        raise InputError(
            f"{backbone.path} has SHA-256 {digest}, not {backbone.sha256}; it is another checkpoint"
        )
    state = {
        name: tensor for name, tensor in load_tensors(backbone.path).items() if not name.startswith("fc.")
    }
    try:
        network.body.load_state_dict(state)
    except RuntimeError as error:
        raise InputError(f"{backbone.path} does not fit this network: {error}") from error
