"""The public names are where the contract says, and are loaded when they are asked for."""

import subprocess
import sys
from importlib import import_module

import pytest

from overread import measures

# the headings of the contract and the functions under each
PLACES = {
    "proportion": "wilson clopper_pearson newcombe_difference paired_difference tango_noninferiority "
    "mcnemar_midp clustered_proportion clustered_paired_difference",
    "roc": "auc auc_interval delong_test partial_auc sensitivity_at_specificity threshold_for_sensitivity "
    "youden_threshold bca_limits bootstrap_interval",
    "calibration": "brier ece calibration_fit hosmer_lemeshow",
    "decision": "net_benefit decision_curve net_benefit_difference",
    "agreement": "cohen_kappa fleiss_kappa gwet_ac1 krippendorff_alpha",
    "reader_study": "obuchowski_rockette paired_reader_change",
    "audit": "begg_greenes horvitz_thompson missed_finding_bound audit_sample_size",
    "sequential": "sprt cusum alpha_spending reuse_alpha",
    "drift": "ks psi chi_square wasserstein mmd",
    "promotion": "Check check_noninferiority status_of slice_rule combine Policy decide "
    "power_noninferiority sample_size_noninferiority PowerRow power_table",
}

SCRIPT = """
import sys
import overread.measures
before = {name for name in sys.modules if name.startswith(("overread.measures.", "scipy"))}
overread.measures.wilson(914, 1018)
print(len(before), overread.measures.proportion.__name__)
print("scipy.special" in sys.modules, "scipy.stats" in sys.modules)
"""


def test_every_public_name_is_that_of_its_module() -> None:
    for name in measures.__all__:
        value = getattr(measures, name)
        assert getattr(import_module(value.__module__), name) is value
        assert value.__module__.startswith(("overread.measures.", "overread.domain.estimates"))


@pytest.mark.parametrize("place", PLACES)
def test_every_function_is_also_under_the_heading_of_the_contract(place: str) -> None:
    module = import_module(f"overread.measures.{place}")
    for name in PLACES[place].split():
        assert getattr(module, name) is getattr(measures, name)


def test_public_names_are_listed_once_and_in_order() -> None:
    assert sorted(set(measures.__all__)) == measures.__all__


def test_a_name_that_there_is_not_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="has no attribute 'wald'"):
        measures.wald  # type: ignore[attr-defined]  # noqa: B018 - the look itself raises


def test_nothing_is_loaded_before_it_is_asked_for_and_then_only_what_is_needed() -> None:
    done = subprocess.run(  # noqa: S603 - our own interpreter and script
        [sys.executable, "-c", SCRIPT], capture_output=True, text=True, check=True
    )
    assert done.stdout.split() == ["0", "overread.measures.proportion", "True", "False"]
