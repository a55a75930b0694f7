"""How a graph runs in ONNX Runtime, for the server and for whoever scores alike."""

from pathlib import Path

import onnxruntime

from overread.domain.errors import MalformedError


def session_of(graph: bytes | Path, *, threads: int = 1) -> onnxruntime.InferenceSession:
    """Return a session that computes on `threads` threads and does not spin between calls.

    Of a graph given as bytes it keeps these beside its own weights; of a file it does not.

    Raises
    ------
    MalformedError
        The graph cannot be read.
    """
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads, options.inter_op_num_threads = threads, 1
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    options.log_severity_level = 3
    given = graph if isinstance(graph, bytes) else str(graph)
    try:
        return onnxruntime.InferenceSession(given, options, providers=["CPUExecutionProvider"])
    except Exception as error:  # the runtime has no error class of its own for a bad graph
        raise MalformedError(f"the graph of the package cannot be read: {error}") from error
