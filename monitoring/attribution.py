"""Which studies a drift is found in: those of a new scanner, of one site, of a changed mix of ages, or all.

A column is attributed where, with 95 % confidence, more than half of its difference goes: without the levels
that are new, with the reference's studies weighted to the current mix, or without some of the levels. Where
studies are left out, those that are left must differ no more by the test of the column itself.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np

from monitoring.differences import Differences, Flags
from monitoring.features import Features, Floats, Texts
from monitoring.strata import FEWEST, Codes, Strata
from overread.domain.drift import Attribution, Cause

_HALF = 0.5


def attributions(
    reference: Features, current: Features, drifted: Sequence[str], *, minimum: int
) -> tuple[Attribution, ...]:
    """Return what the attributes of the studies account for, most columns first; nothing without a drift.

    Parameters
    ----------
    reference, current
        Both windows with the same attributes, principal components among their columns.
    drifted
        The columns that the check found to have drifted.
    minimum
        Studies that must be left for a difference to be looked for among them.

    Notes
    -----
    It says in which studies a difference lies, not what made it. The place where the distributions lie
    farthest apart is taken as given, and so are the numbers of studies of each level.
    """
    if not drifted:
        return ()
    differences = Differences.of(reference, current, drifted)
    splits = [
        _Split.of(name, before, current.attributes[name], differences, minimum)
        for name, before in reference.attributes.items()
        if name in current.attributes
    ]
    splits = [split for split in splits if len(split.levels) > 1]
    found = _merged(_narrowest([one for split in splits for one in split.singled_out()]))
    named = {column for one in found for column in one.columns}
    left = [place for place, column in enumerate(drifted) if column not in named]
    if left:
        found += _merged(one for split in splits for one in split.everywhere(left))
    return tuple(sorted(found, key=lambda one: (one.cause is Cause.EVERYWHERE, -len(one.columns))))


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class _Found:
    """An attribution and the studies it singles out, (n_reference + n_current,)."""

    attribution: Attribution
    studies: Flags

    @property
    def reach(self) -> Flags:
        """The studies it speaks of: a changed mix is of all."""
        return self.studies | (self.attribution.cause is Cause.MIX)

    def says_less_than(self, other: "_Found") -> bool:
        """Say whether the other one speaks of fewer studies, all among those of this one."""
        return bool((other.reach <= self.reach).all() and (other.reach < self.reach).any())


def _narrowest(found: Sequence[_Found]) -> Iterator[_Found]:
    """Yield what is found, less the columns for which another one points to fewer of the same studies."""
    for one in found:
        better = {
            column for other in found if one.says_less_than(other) for column in other.attribution.columns
        }
        columns = tuple(column for column in one.attribution.columns if column not in better)
        if columns:
            yield replace(one, attribution=replace(one.attribution, columns=columns))


def _merged(found: Iterable[_Found]) -> list[Attribution]:
    """Return one attribution where several attributes single out the same studies for the same columns."""
    alike: dict[tuple[object, ...], list[Attribution]] = defaultdict(list)
    for one in found:
        alike[one.attribution.cause, one.attribution.columns, one.studies.tobytes()].append(one.attribution)
    return [
        replace(first, same_as=tuple(other.attribute for other in others))
        for first, *others in alike.values()
    ]


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class _Split:
    """Both windows, reference first, by the levels of one attribute.

    `of_study` is the place of each study's level in `levels`; one past the end for the small levels of both
    windows, which are taken together and not named. `counts` is (2, n_levels + 1), reference first.
    """

    attribute: str
    levels: tuple[str, ...]
    of_study: Codes
    counts: Codes
    differences: Differences
    minimum: int

    @classmethod
    def of(
        cls, attribute: str, reference: Texts, current: Texts, differences: Differences, minimum: int
    ) -> "_Split":
        labels, codes = np.unique(np.concatenate([reference, current]), return_inverse=True)
        before, now = _counted(codes, differences.is_current, len(labels))
        named = (before == 0) | (before >= FEWEST) | (now >= FEWEST)
        of_study = np.where(named, np.cumsum(named) - 1, named.sum())[codes]
        return cls(
            attribute=attribute,
            levels=tuple(str(label) for label in labels[named]),
            of_study=of_study,
            counts=_counted(of_study, differences.is_current, int(named.sum()) + 1),
            differences=differences,
            minimum=minimum,
        )

    @property
    def new(self) -> Flags:
        """The levels that the reference has none or few of, but for those small in both windows."""
        few = np.asarray(self.counts[0] < FEWEST)
        few[-1] = False
        return few

    @property
    def testable(self) -> Flags:
        """The levels with enough studies on both sides to be looked at by themselves."""
        enough = np.asarray((self.counts >= FEWEST).all(axis=0))
        enough[-1] = False
        return enough

    def singled_out(self) -> Iterator[_Found]:
        """Yield what new levels, a changed mix or single levels account for, each column once."""
        columns, new = len(self.differences.columns), self.new
        if new.any() and self.counts[1, ~new].sum() < self.minimum:
            yield self._found(Cause.NEW, new, range(columns), shown=False)
            return
        of_new = [place for place in range(columns) if new.any() and self._gone_without(new, place)]
        standardised = self._gone_standardised()
        of_mix = [place for place in range(columns) if standardised[place] and place not in of_new]
        by_levels: dict[bytes, list[int]] = defaultdict(list)
        for place in range(columns):
            if place not in of_new and not standardised[place]:
                by_levels[self._carrying(place).tobytes()].append(place)
        yield from self._found_in(Cause.NEW, new, of_new)
        yield from self._found_in(Cause.MIX, self._most_changed(), of_mix)
        for levels, places in by_levels.items():
            yield from self._found_in(Cause.LEVEL, np.frombuffer(levels, np.bool_), places)

    def everywhere(self, places: Sequence[int]) -> Iterator[_Found]:
        """Yield the columns that differ in every level, two at the least, that can be looked at by itself."""
        levels = np.flatnonzero(self.testable)
        if len(levels) > 1:
            differ = [
                place
                for place in places
                if all(self.differences.still(place, self.of_study == level) for level in levels)
            ]
            for found in self._found_in(Cause.EVERYWHERE, self.testable, differ):
                yield replace(found, studies=np.ones_like(found.studies))  # so all such attributes become one

    def _gone_without(self, levels: Flags, place: int) -> bool:
        """Say whether more than half of a column's difference goes with the levels, and nothing is left."""
        out = levels[self.of_study]
        differences = self.differences
        strata = Strata.of(differences.witnesses[:, [place]], differences.is_current, out.astype(np.int64), 2)
        if not strata.counts[:, 0].all():
            return False
        left = strata.only(np.array([True, False]))
        return bool(strata.upper(left - _HALF * strata.raw)[0] < 0) and not differences.still(place, ~out)

    def _gone_standardised(self) -> Flags:
        """Say for which columns more than half of the difference goes with one mix on both sides."""
        strata = self._strata(self.differences.witnesses)
        shared = self.counts.all(axis=0) & ~self.new
        if not shared.any():
            return np.zeros(len(self.differences.columns), np.bool_)
        return np.asarray(strata.upper(strata.standardised(shared) - _HALF * strata.raw) < 0)

    def _carrying(self, place: int) -> Flags:
        """Return the fewest levels, at most half, with which the difference of a column goes; else none."""
        strata = self._strata(self.differences.witnesses[:, [place]])
        within = (self.counts[1] * (strata.means[1] - strata.means[0])[:, 0])[self.testable]
        chosen = self.new
        most = np.flatnonzero(self.testable)[np.argsort(-within, kind="stable")]
        for level in most[: len(most) // 2]:
            if not self.differences.still(place, self.of_study == level):
                break
            chosen[level] = True
            if self._gone_without(chosen, place):
                return chosen
        return np.zeros_like(chosen)

    def _strata(self, values: Floats) -> Strata:
        return Strata.of(values, self.differences.is_current, self.of_study, self.counts.shape[1])

    def _most_changed(self) -> Flags:
        shares = self.counts / self.counts.sum(axis=1, keepdims=True)
        changed = np.abs(shares[1] - shares[0])[:-1]
        return np.asarray(np.arange(self.counts.shape[1]) == changed.argmax())

    def _found_in(self, cause: Cause, levels: Flags, places: Sequence[int]) -> Iterator[_Found]:
        if len(places) and levels.any():
            yield self._found(cause, levels, places)

    def _found(self, cause: Cause, levels: Flags, places: Sequence[int], *, shown: bool = True) -> _Found:
        before, now = (int(n) for n in (self.counts * levels).sum(axis=1))
        attribution = Attribution(
            attribute=self.attribute,
            cause=cause,
            columns=tuple(self.differences.columns[place] for place in places),
            levels=tuple(name for name, is_one in zip(self.levels, levels, strict=False) if is_one),
            n_current=now,
            n_reference=before,
            shown=shown,
        )
        return _Found(attribution=attribution, studies=levels[self.of_study])


def _counted(codes: Codes, is_current: Flags, n_levels: int) -> Codes:
    """Return how many studies of each level each window has, (2, n_levels)."""
    sides = (codes[is_current == window] for window in (False, True))
    return np.stack([np.bincount(side, minlength=n_levels) for side in sides])
