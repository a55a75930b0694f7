"""torchvision, importable also where a CPU build of torch lacks its operators; the one place that knows."""

import functools
import importlib
from types import ModuleType

import torch

_SCHEMAS = (
    "nms(Tensor dets, Tensor scores, float iou_threshold) -> Tensor",
    "qnms(Tensor dets, Tensor scores, float iou_threshold) -> Tensor",
)


@functools.cache
def _declared() -> torch.library.Library:
    """Declare the operators that torchvision looks up at import; the cache keeps the library alive."""
    library = torch.library.Library("torchvision", "DEF")  # type: ignore[no-untyped-call]  # untyped in torch
    for schema in _SCHEMAS:
        library.define(schema)  # type: ignore[no-untyped-call]  # untyped in torch
    return library


@functools.cache
def torchvision_models() -> ModuleType:
    """Return `torchvision.models`, with the operators declared first where this build lacks them.

    Asking first whether they exist would not do: a full build registers them while it is imported.
    """
    try:
        return importlib.import_module("torchvision.models")
    except RuntimeError as error:
        if "torchvision::nms" not in str(error):
            raise
        _declared()
        return importlib.import_module("torchvision.models")
