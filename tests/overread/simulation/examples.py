"""Studies of the simulated department that the tests start from."""

from dataclasses import replace

from overread.simulation.population import Department, SimulatedStudy, studies_of

A_DEPARTMENT = Department(seed=7)


def a_study(number: int = 0, *, maker: str = "A") -> SimulatedStudy:
    """Return the first study of one patient, taken by `maker`, with whatever findings it has."""
    return replace(studies_of(A_DEPARTMENT, number)[0], maker=maker)


def a_clean_study(number: int = 0, *, maker: str = "A") -> SimulatedStudy:
    """Return a study of a patient who has nothing."""
    return a_study(number, maker=maker).without_findings()
