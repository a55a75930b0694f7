"""The one slot of retrainings, and what becomes of flow runs whose process died."""

from collections.abc import Iterator
from contextlib import contextmanager
from uuid import UUID

from prefect.client.orchestration import SyncPrefectClient, get_client
from prefect.client.schemas.actions import GlobalConcurrencyLimitCreate
from prefect.client.schemas.filters import FlowRunFilter, FlowRunFilterParentFlowRunId
from prefect.client.schemas.objects import FlowRun, State
from prefect.concurrency.sync import concurrency
from prefect.exceptions import ObjectNotFound
from prefect.states import Crashed

from overread.domain.errors import OverreadError, UnavailableError

LIMIT = "retrain"
LEASE_SECONDS = 60  # the shortest there is: a killed process gives its slot back after this


def ensure_limits() -> None:
    """Make the limit that keeps retrainings apart, where it is missing."""
    with get_client(sync_client=True) as client:
        try:
            client.read_global_concurrency_limit_by_name(LIMIT)
        except ObjectNotFound:
            wanted = GlobalConcurrencyLimitCreate(name=LIMIT, limit=1, active=True)
            client.create_global_concurrency_limit(wanted)


@contextmanager
def alone() -> Iterator[None]:
    """Wait for the slot, hold it, and give it back."""
    with concurrency(LIMIT, strict=True, lease_duration=LEASE_SECONDS):
        yield


def is_passing(_task: object, _task_run: object, state: State[object]) -> bool:
    """Say whether a failure may pass: one of our own that says what is wrong comes again the same."""
    try:
        state.result()
    except UnavailableError:
        return True
    except OverreadError:
        return False
    except Exception:
        return True
    return False


def close_dead(flow_run: str) -> int:
    """Mark a flow run whose process died as crashed, with all above and below it; count those."""
    with get_client(sync_client=True) as client:
        family = _above(client, UUID(flow_run))
        family += _below(client, UUID(flow_run))
        still_open = [run for run in family if run.state is not None and not run.state.is_final()]
        for run in still_open:
            client.set_flow_run_state(run.id, Crashed(message="its process died"), force=True)
    return len(still_open)


def _above(client: SyncPrefectClient, run_id: UUID) -> list[FlowRun]:
    """Return a flow run, its parent, and so on."""
    try:
        found = [client.read_flow_run(run_id)]
    except ObjectNotFound:
        return []
    while (caller := found[-1].parent_task_run_id) is not None:
        parent = client.read_task_run(caller).flow_run_id
        if parent is None:
            break
        found.append(client.read_flow_run(parent))
    return found


def _below(client: SyncPrefectClient, run_id: UUID) -> list[FlowRun]:
    """Return the flow runs that a flow run started, and those that they did."""
    of_it = FlowRunFilter(parent_flow_run_id=FlowRunFilterParentFlowRunId(any_=[run_id]))
    children = client.read_flow_runs(flow_run_filter=of_it)
    return [*children, *(run for child in children for run in _below(client, child.id))]
