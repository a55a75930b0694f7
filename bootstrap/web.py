"""What the web process needs: storage, task, decoder, clock and secret; never torch, MLflow or Prefect."""

from dataclasses import dataclass
from datetime import datetime

from bootstrap.clock import utc_now
from bootstrap.storage import TASK, Storage, open_storage
from overread.domain.policies import GatePolicy
from overread.domain.tasks import Task
from overread.imaging.decoding import Decoder
from overread.settings.environment import Settings
from overread.settings.policies import load_policy
from overread.settings.tasks import load_task


@dataclass(frozen=True, kw_only=True)
class WebServices:
    """Everything a route is handed."""

    settings: Settings
    storage: Storage
    task: Task
    policy: GatePolicy
    decoder: Decoder
    secret: bytes

    def now(self) -> datetime:
        """Return the present instant in UTC."""
        return utc_now()


def web_services(settings: Settings, decoder: Decoder) -> WebServices:
    """Wire the web process; the caller closes the decoder."""
    storage = open_storage(settings)
    with storage.look() as work:
        task = load_task(work.people.fact(TASK))
    return WebServices(
        settings=settings,
        storage=storage,
        task=task,
        policy=load_policy(task.policy),
        decoder=decoder,
        secret=settings.secret_path.read_bytes(),
    )
