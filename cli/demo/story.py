"""The demo's story: a model that misses, corrections, a better model, a new scanner."""

import os
import signal
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ProcessPoolExecutor
from dataclasses import dataclass
from multiprocessing import get_context
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from bootstrap.clock import new_id, utc_now
from bootstrap.processes import (
    Processes,
    Program,
    free_port,
    prefect_environment,
    prefect_server,
    web,
)
from bootstrap.storage import initialise
from cli.demo import readers
from cli.demo.department import (
    Cast,
    Filed,
    Learned,
    Sizes,
    cast,
    chunks,
    draw_files,
    draw_learned,
    undecodable,
)
from cli.demo.history import History, keep_files, keep_history, tags_of
from cli.demo.readers import Actor, Eyes, Radiologist
from cli.demo.stage import Clock, actors, beside, hire
from overread.domain.datasets import pseudonym, split_of
from overread.domain.errors import EvidenceError
from overread.domain.identifiers import PatientKey, PersonKey, Site
from overread.settings.environment import Settings
from overread.simulation.readers import resident, senior
from overread.studies.intake import SPLIT_SALT
from pipeline.services import PipelineServices, pipeline_services

if TYPE_CHECKING:
    from cli.demo.production import Tried  # brings torch and MLflow: loaded when the trial begins

RECIPES = {False: "demo", True: "demo-fast"}
MOST_FLIPS = 60  # of a candidate that are drawn for its reviewers
LEFT_UNREAD = 40  # studies that wait for a reader when the demo ends


@dataclass(frozen=True, kw_only=True)
class Demo:
    """One run of the demo."""

    settings: Settings
    sizes: Sizes
    seed: int
    fast: bool
    clock: Clock

    @property
    def folder(self) -> Path:
        """Where everything lies."""
        return self.settings.folder


@dataclass
class Told:
    """Where the department answers, and which version played which part; the record tells all else."""

    base: str = ""
    first: str = ""
    good: str = ""
    control: str = ""
    bad: str = ""
    following: str = ""
    stopped: str = ""
    tried: "Tried | None" = None


class Play:
    """The steps of the story on a running department."""

    def __init__(
        self, demo: Demo, services: PipelineServices, cast_: Cast, pool: ProcessPoolExecutor
    ) -> None:
        self.demo, self.services, self.cast, self.pool = demo, services, cast_, pool
        self.told = Told()
        self.eyes = Eyes({})
        self.people: dict[str, Actor] = {}

    def draw_history(self) -> None:
        """Draw the past at the network's size and keep it as reported."""
        cast_, demo = self.cast, self.demo
        size = self.services.task.image_size
        history = History(
            task=self.services.task,
            site=Site(demo.settings.site),
            drawn_at=demo.sizes.drawn_at,
            tags=tags_of(sorted({s.maker for s in cast_.history}), cast_.history[0], demo.sizes.drawn_at),
        )
        with demo.clock.bar("drawing", len(cast_.history)) as bar, self.services.storage.work() as work:
            drawn: list[Future[Learned]] = [
                self._submit(bar.step, draw_learned, part, size, demo.sizes.drawn_at)
                for part in chunks(cast_.history)
            ]
            prints = (print_ for future in drawn for print_ in future.result().fingerprints)
            keep_history(work, cast_, prints, history, now=utc_now())  # each as soon as it is drawn
            work.commit()
        pictures = np.concatenate([future.result().pictures for future in drawn])
        keys = [study.study_uid for study in cast_.history]
        self.services.pictures().keep(zip(keys, pictures, strict=True))

    def _submit(
        self, done: Callable[[int], None], function: Any, part: Sequence[Any], *rest: Any
    ) -> Future[Any]:
        future = self.pool.submit(function, part, *rest)
        future.add_done_callback(lambda _: done(len(part)))
        return future

    def draw_arrivals(self, studies: Sequence[Any]) -> list[Future[list[Filed]]]:
        """Begin to draw studies as files, in the background."""
        spool = self.demo.folder / "spool"
        spool.mkdir(exist_ok=True)
        return [
            self.pool.submit(draw_files, part, spool, self.demo.sizes.drawn_at) for part in chunks(studies)
        ]

    def train_first(self) -> None:
        """Train the first model on the old reports, hold it against the floors, let two people decide."""
        from flows.relabel import relabel

        dataset = relabel(corrections=False)
        (self.told.first,) = self._retrain([(dataset, None)])
        if not self._approve(self._ask(self._compared(self.told.first, "the first model"))):
            raise EvidenceError(
                f"the first model did not reach the floors of policies/{self.services.policy.name}.toml; "
                "try another --seed"
            )

    def _retrain(self, wanted: Sequence[tuple[str, str | None]]) -> list[str]:
        from flows.retrain import retrain
        from pipeline.candidates import Plan
        from pipeline.retraining import request_run

        recipe = RECIPES[self.demo.fast]
        plans = [
            Plan(dataset=dataset, recipe=recipe, variant=variant, seed=self.demo.seed)
            for dataset, variant in wanted
        ]
        run = request_run(self.services, new_id(), by=PersonKey("operator"), trigger="demo")
        versions: list[str] = retrain(run.id, plans)
        return versions

    def _compared(self, version: str, why: str, *, beside: dict[str, str] | None = None) -> str:
        """Put a version before the gate and return the digest of the record."""
        from flows.compare import compare

        return str(compare(version, by="operator", why=why, beside=beside)["record"])

    def _ask(self, record: str, *, drift_check: str | None = None) -> str:
        """Ask two people about the candidate of a comparison; return its version."""
        from flows.promote import promote

        return str(promote(record, drift_check=drift_check, requested_by="operator"))

    def _approve(self, version: str) -> bool:
        """Let both reviewers approve; say whether the version was promoted."""
        state = ""
        for name in ("reviewer-1", "reviewer-2"):
            answer = readers.decide(self.people[name], version, "approve", "read the record")
            if answer.is_error:
                self.told.stopped = str(answer.json().get("code", answer.status_code))
                return False
            state = answer.json()["state"]
        from flows.promote import hand_on_flow

        hand_on_flow()
        return state == "promoted"

    def send(self, drawn: Sequence[Future[list[Filed]]]) -> list[Filed]:
        """Send files as a scanner does, each as soon as it is drawn."""
        files: list[Filed] = []
        with self.demo.clock.bar("arriving", len(drawn)) as bar:
            for future in drawn:
                part = future.result()
                self.eyes.add({file.sight: file.study for file in part})
                readers.send(self.people["scanner"], [file.path for file in part])
                files += part
                bar.step()
        return files

    def read(self) -> None:
        """Wait until the model has read all that was sent."""
        readers.wait_until_read(self.people["operator"], seconds=600)

    def send_broken(self, files: Sequence[Filed]) -> None:
        """Send two files whose pixels are broken, for a person to release or delete."""
        spool = self.demo.folder / "spool"
        paths = [undecodable(file, spool) for file in files[:2]]
        readers.send(self.people["scanner"], paths)
        self.read()

    def radiologists(self) -> tuple[list[Radiologist], list[Radiologist]]:
        """Return residents and seniors, half of them writing Chinese."""
        residents = [
            self._radiologist(f"resident-{number}", "zh" if number % 2 else "en") for number in range(1, 5)
        ]
        return residents, [self._radiologist(f"senior-{number}", "en") for number in (1, 2)]

    def _radiologist(self, name: str, language: str) -> Radiologist:
        make = senior if name.startswith("senior") else resident
        return Radiologist(
            actor=self.people[name], reader=make(name, language=language), eyes=self.eyes, language=language
        )

    def report(self, files: Sequence[Filed]) -> None:
        """Let residents read and sign what the model has answered."""
        residents, _ = self.radiologists()
        uids = [file.study.study_uid for file in files]
        with self.demo.clock.bar("reporting", len(uids)) as bar:
            readers.read_all(residents, uids, seed=self.demo.seed, on_read=bar.step)

    def adjudicate(self) -> None:
        """Draw audits, then let blinded readers and seniors settle what is open."""
        from flows.collect import collect

        collect(seed=self.demo.seed)
        readers.adjudicate_all(*self.radiologists())

    def improve(self) -> None:
        """Train the good, the control and the bad candidate; the gate says which is which."""
        from flows.relabel import relabel

        corrected = relabel()
        uncorrected = relabel(corrections=False)
        claims = relabel(corrections=False, registered=False, unadjudicated=True)
        self.told.good, self.told.control, self.told.bad = self._retrain(
            [(corrected, "v2"), (uncorrected, "control"), (claims, "bad")]
        )

    def judge(self) -> None:
        """Compare both candidates, look at the intake once, refuse the bad one and promote the good one."""
        careless = self._compared(self.told.bad, "trained on claims nobody adjudicated")
        beside = {"control": self.told.control}
        good = self._compared(self.told.good, "trained on corrections", beside=beside)
        checked = self._drift_check()
        asked = self._ask(careless, drift_check=checked)
        if not self._approve(asked):
            readers.decide(self.people["reviewer-1"], asked, "reject", "the gate refused it")
        self._approve(self._ask(good, drift_check=checked))

    def _drift_check(self) -> str:
        from flows.drift import drift

        return str(drift()["check"])

    def new_scanner(self, drawn: Sequence[Future[list[Filed]]]) -> None:
        """Ask for the next promotion while a new scanner's studies come in: the drift check stops it."""
        from flows.relabel import relabel

        with beside() as department:
            reported = department.submit(self._new_scanner_reported, drawn)
            (self.told.following,) = self._retrain([(relabel(), "next")])
            reported.result()
        record = self._compared(self.told.following, "the next retraining")
        self._approve(self._ask(record, drift_check=self._drift_check()))

    def _new_scanner_reported(self, drawn: Sequence[Future[list[Filed]]]) -> None:
        files = self.send(drawn)
        self.read()
        self.report(files[: self.demo.sizes.drifted_read])

    def show_flips(self) -> None:
        """Make files of the studies that a candidate got worse on: reviewers look at each."""
        with self.services.storage.look() as work:
            flips = [request.comparison.get("flips") for request in work.models.requests()]
        wanted = {flip["study"] for some in flips if isinstance(some, list) for flip in some[:MOST_FLIPS]}
        shown = [study for study in self.cast.test if study.study_uid in wanted]
        keep_files(self.services.storage, shown, self.demo.sizes.drawn_at, now=utc_now())

    def begin_trial(self) -> "Future[Tried]":
        """Begin to try the production training out, in the background."""
        from cli.demo.production import try_production

        tune = self.cast.tune
        chosen = [next(one for one in tune if bool(one.findings) is shown) for shown in (False, True)]
        return self.pool.submit(try_production, chosen, self.demo.folder / "trial")


def play(demo: Demo, processes: Processes) -> Play:
    """Run the whole story; the department is left running in `processes`."""
    clock, settings = demo.clock, demo.settings
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    pool = ProcessPoolExecutor(
        2,
        mp_context=get_context("spawn"),
        initializer=_in_the_background,
    )
    with pool:
        with clock.step("init", "an empty department"):
            initialise(settings, salt=f"demo-{demo.seed}")
            services = pipeline_services(settings)
            act = Play(demo, services, cast(demo.seed, demo.sizes, _splitter(services)), pool)
            port = free_port()
            prefect = prefect_server(settings, port=port)
            processes.begin(prefect)
            os.environ.update(prefect_environment(settings, port=port))
        with clock.step("draw", f"{len(act.cast.history)} old studies, reported as they used to be"):
            act.draw_history()
            arriving = act.draw_arrivals(act.cast.arriving)
        with clock.step("start", "web server and Prefect server"):
            _open_doors(act, processes, prefect)
        with beside() as scanner:
            sent = scanner.submit(act.send, arriving)
            with clock.step("first", "a first model, trained on the old reports, approved by two people"):
                act.train_first()
            trial = None if demo.fast else act.begin_trial()
            _corrections(act, sent)
        _candidates(act)
        if trial is not None:
            with clock.step("production", "one step of the production training, its export, a served answer"):
                act.told.tried = trial.result()
    return act


def _in_the_background() -> None:
    """Let this process give way to the department's own work; Ctrl-C is told once, to its parent."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    os.nice(5)


def _open_doors(act: Play, processes: Processes, prefect: Program) -> None:
    from flows.slots import ensure_limits
    from pipeline.children import prepare

    prepare()
    settings, port = act.demo.settings, free_port()
    processes.wait_for(prefect)
    ensure_limits()
    processes.start(web(settings, host="127.0.0.1", port=port))
    act.told.base = f"http://127.0.0.1:{port}"
    act.people = actors(act.told.base, hire(act.services.storage, act.demo.folder))


def _corrections(act: Play, sent: Future[list[Filed]]) -> None:
    clock = act.demo.clock
    with clock.step("arrive", "new studies, sent over HTTP since the doors opened, read by the model"):
        files = sent.result()
        act.send_broken(files)  # and waits for all
    with clock.step("report", "reports signed, corrections filed"):
        act.report(files[:-LEFT_UNREAD])
    with clock.step("adjudicate", "blinded reads, seniors where they differ"):
        act.adjudicate()


def _candidates(act: Play) -> None:
    clock = act.demo.clock
    with clock.step("retrain", "a good candidate, its control, and a careless one"):
        drifted = act.draw_arrivals(act.cast.drifted)
        act.improve()
    with clock.step("judge", "the gate, the drift check, two people's review"):
        act.judge()
    with clock.step("drift", "a new scanner; the drift check stops the next promotion"):
        act.new_scanner(drifted)
        act.show_flips()


def _splitter(services: PipelineServices) -> Callable[[PatientKey], str]:
    with services.storage.look() as work:
        salt = work.people.fact(SPLIT_SALT)
    site, shares = services.settings.site, services.task.shares

    def split(patient: PatientKey) -> str:
        return split_of(pseudonym(str(patient), issuer=site, salt=salt), salt=salt, shares=shares)

    return split
