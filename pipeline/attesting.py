"""The head of the change record is signed, daily and when production changes; a broken chain is an alert."""

import logging

from bootstrap.heads import BrokenChainError, sign_head
from monitoring.alerts import note_gone, raise_once
from overread.domain.alerts import Urgency
from pipeline.services import PipelineServices

log = logging.getLogger(__name__)


def attest(services: PipelineServices) -> int | None:
    """Sign the last row and return its number; None where no row was added, or the chain does not hold.

    An alert to a broken chain is a person's to resolve, also once the chain holds again.
    """
    settings = services.settings
    try:
        with services.storage.look() as work:
            head = sign_head(work, settings.folder, settings.signing_key_path, now=services.now())
    except BrokenChainError as error:
        log.error("%s", error)  # noqa: TRY400 - the message says where; a traceback adds nothing
        with services.storage.work() as work:
            raise_once(work, "chain", Urgency.URGENT, {}, now=services.now())
            work.commit()
        return None
    with services.storage.work() as work:
        note_gone(work, "chain", now=services.now())
        work.commit()
    return None if head is None else head.seq
