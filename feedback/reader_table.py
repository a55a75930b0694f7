"""The analysis of a reader study as lines to read, every number with its 95 % limits."""

from feedback.reader_analysis import ArmAccuracy, CrossoverAnalysis, ReadingTime
from overread.domain.estimates import Estimate
from overread.measures.reader_study import ReaderChange, ReaderStudy


def table(found: CrossoverAnalysis) -> list[str]:
    """Return the changes, then each reader in each arm, then times and agreement, as Markdown."""
    counted = f"{len(found.readers)} readers, {found.n_cases} cases ({found.n_positive} with a finding)"
    lines = [f"{found.name}: {counted}, aided by version {found.model_version}."]
    if found.interim:
        lines.append(
            f"INTERIM: {found.reads} of {found.reads_planned} reads. No limit below allows for an early "
            "look; it decides nothing."
        )
    lines += ["", "| aided less unaided | change | p |", "| --- | --- | --- |"]
    if found.auc_random is not None:
        lines.append(_change("AUC, readers and cases random", found.auc_random))
    lines.append(_change("AUC, these readers", found.auc_fixed))
    lines += [_change(f"{name}, these readers", one) for name, one in found.change.items()]
    lines += ["", "| reader | arm | AUC | sensitivity | specificity | accuracy |", "|" + " --- |" * 6]
    for reader, arms in found.by_reader.items():
        lines += [f"| {reader} | {arm} | {_accuracies(one)} |" for arm, one in arms.items()]
    lines += ["", "| arm | median seconds (quartiles) | kappa of the readers |", "|" + " --- |" * 3]
    for arm, time in found.seconds.items():
        kappa = "one reader: none" if found.kappa is None else _limits(found.kappa[arm])
        lines.append(f"| {arm} | {_time(time)} | {kappa} |")
    if found.auc_random is None:
        lines += ["", "One reader: these limits speak of this reader on such cases, and of nobody else."]
    return lines


def _change(name: str, one: ReaderStudy | ReaderChange) -> str:
    return f"| {name} | {_limits(one)} | {one.p_value:.3f} |"


def _accuracies(one: ArmAccuracy) -> str:
    return " | ".join(map(_limits, (one.auc, one.sensitivity, one.specificity, one.accuracy)))


def _time(time: ReadingTime) -> str:
    if not time.n:
        return "not timed"
    return f"{time.median:.1f} ({time.lower_quartile:.1f} to {time.upper_quartile:.1f}), n {time.n}"


def _limits(one: Estimate) -> str:
    return f"{one.estimate:.3f} [{one.lower:.3f}, {one.upper:.3f}]"
