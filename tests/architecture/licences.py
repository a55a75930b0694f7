"""Refuses GPL and AGPL packages in the default install: `python -m tests.architecture.licences`."""

import re
import sys
from importlib.metadata import Distribution, PackageNotFoundError, distribution

from packaging.requirements import Requirement

EXTRAS = ("train", "serve", "postgres")
_COPYLEFT = re.compile(r"\bA?GPL|GNU (Affero )?General Public", re.IGNORECASE)
_LESSER = re.compile(r"LGPL|Lesser", re.IGNORECASE)


def licence_of(package: Distribution) -> str:
    """Return what a distribution says of its licence, in one string."""
    facts = package.metadata
    stated = [*(facts.get_all("License-Expression") or []), *(facts.get_all("Classifier") or [])]
    short = next(iter(facts.get_all("License") or []), None)
    if short is not None and len(short) < 200:
        stated.append(short)
    return " | ".join(text for text in stated if text and ("::" not in text or text.startswith("License")))


def is_copyleft(licence: str) -> bool:
    """Say whether a licence binds what links to it; a choice that offers another licence does not."""
    offers = [part for part in re.split(r"\bOR\b|\|", licence) if part.strip()]
    return bool(offers) and all(_COPYLEFT.search(part) and not _LESSER.search(part) for part in offers)


def installed(name: str, extras: tuple[str, ...]) -> dict[str, Distribution]:
    """Return the distributions that `name` with `extras` brings, by name."""
    found: dict[str, Distribution] = {}
    waiting = [(name, extras)]
    while waiting:
        current, wanted = waiting.pop()
        key = re.sub(r"[-_.]+", "-", current).lower()
        if key in found and not wanted:
            continue
        try:
            package = distribution(current)
        except PackageNotFoundError:
            continue
        found[key] = package
        for line in package.requires or []:
            requirement = Requirement(line)
            applies = requirement.marker is None or any(
                requirement.marker.evaluate({"extra": extra}) for extra in ("", *wanted)
            )
            if applies and re.sub(r"[-_.]+", "-", requirement.name).lower() not in found:
                waiting.append((requirement.name, tuple(requirement.extras)))
    return found


def main() -> int:
    """Print what is refused; 1 if anything is."""
    packages = installed("overread", EXTRAS)
    refused = [name for name, package in sorted(packages.items()) if is_copyleft(licence_of(package))]
    for name in refused:
        sys.stderr.write(f"{name}: {licence_of(packages[name])} is not allowed in the default install\n")
    sys.stdout.write(f"licences: {len(packages)} packages, {len(refused)} refused\n")
    return 1 if refused else 0


if __name__ == "__main__":
    sys.exit(main())
