"""The model as MLflow loads it: from this code, never from a pickle.

MLflow runs this file when it loads a model, and `set_model` at its end is how it learns what to load; nothing
else imports it.
"""

from pathlib import Path

import numpy as np
from mlflow.models import set_model
from mlflow.pyfunc.model import PythonModel, PythonModelContext

from model_registry.evaluation import answers
from model_registry.packaging import INT8_VERDICT, parse_verdict, served_graph
from model_registry.sessions import session_of


class ServedModel(PythonModel):
    """Answers as the server does, on the same graph."""

    def load_context(self, context: PythonModelContext) -> None:
        """Open the graph that is served."""
        said = context.artifacts.get(INT8_VERDICT)
        verdict = None if said is None else parse_verdict(Path(said).read_bytes())
        self._session = session_of(Path(context.artifacts[served_graph(verdict)]).read_bytes())

    def predict(  # MLflow knows a bare ndarray, and warns of a narrower hint
        self, context: PythonModelContext, model_input: np.ndarray, params: dict[str, object] | None = None
    ) -> np.ndarray:
        """Return probabilities (n, k), any finding first, of stored greys uint8 (n, 1, size, size)."""
        del context, params
        return answers(self._session, np.asarray(model_input)[:, 0]).probability


set_model(ServedModel())
