"""The statistics behind every number shown; it must not know models, files or storage.

Nothing is loaded before it is asked for, so that a process which shows a number now and then, as the server,
starts without the second that `scipy.stats` takes: the names here by module (PEP 562), and SciPy by part,
which is why the modules say `import scipy` and name its functions in full.
"""

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from overread.domain.estimates import Estimate
    from overread.measures.agreement import (
        GroupAgreement,
        PairAgreement,
        cohen_kappa,
        fleiss_kappa,
        gwet_ac1,
        krippendorff_alpha,
    )
    from overread.measures.audit import (
        SurveyAccuracy,
        SurveyEstimate,
        VerifiedAccuracy,
        audit_sample_size,
        begg_greenes,
        horvitz_thompson,
        missed_finding_bound,
    )
    from overread.measures.calibration import (
        Bin,
        CalibrationError,
        CalibrationFit,
        GoodnessOfFit,
        brier,
        calibration_fit,
        ece,
        hosmer_lemeshow,
    )
    from overread.measures.decision import DecisionCurve, decision_curve, net_benefit, net_benefit_difference
    from overread.measures.drift import (
        ChiSquareDrift,
        DriftResult,
        MmdDrift,
        chi_square,
        ks,
        mmd,
        psi,
        wasserstein,
    )
    from overread.measures.power import (
        PowerRow,
        power_noninferiority,
        power_table,
        sample_size_noninferiority,
    )
    from overread.measures.promotion import (
        Check,
        Decision,
        Policy,
        check_noninferiority,
        combine,
        decide,
        slice_rule,
        status_of,
    )
    from overread.measures.proportion import (
        ClusteredDifference,
        ClusteredProportion,
        NonInferiority,
        clopper_pearson,
        clustered_paired_difference,
        clustered_proportion,
        mcnemar_midp,
        newcombe_difference,
        paired_difference,
        tango_noninferiority,
        wilson,
    )
    from overread.measures.reader_study import (
        ReaderChange,
        ReaderStudy,
        obuchowski_rockette,
        paired_reader_change,
    )
    from overread.measures.resampling import BootstrapEstimate, bca_limits, bootstrap_interval
    from overread.measures.results import PairedDifference, TestResult
    from overread.measures.roc import (
        AucEstimate,
        OperatingEstimate,
        OperatingPoint,
        PairedAuc,
        auc,
        auc_interval,
        delong_test,
        partial_auc,
        sensitivity_at_specificity,
        threshold_for_sensitivity,
        youden_threshold,
    )
    from overread.measures.sequential import CusumResult, SprtResult, alpha_spending, cusum, reuse_alpha, sprt

__all__ = [
    "AucEstimate",
    "Bin",
    "BootstrapEstimate",
    "CalibrationError",
    "CalibrationFit",
    "Check",
    "ChiSquareDrift",
    "ClusteredDifference",
    "ClusteredProportion",
    "CusumResult",
    "Decision",
    "DecisionCurve",
    "DriftResult",
    "Estimate",
    "GoodnessOfFit",
    "GroupAgreement",
    "MmdDrift",
    "NonInferiority",
    "OperatingEstimate",
    "OperatingPoint",
    "PairAgreement",
    "PairedAuc",
    "PairedDifference",
    "Policy",
    "PowerRow",
    "ReaderChange",
    "ReaderStudy",
    "SprtResult",
    "SurveyAccuracy",
    "SurveyEstimate",
    "TestResult",
    "VerifiedAccuracy",
    "alpha_spending",
    "auc",
    "auc_interval",
    "audit_sample_size",
    "bca_limits",
    "begg_greenes",
    "bootstrap_interval",
    "brier",
    "calibration_fit",
    "check_noninferiority",
    "chi_square",
    "clopper_pearson",
    "clustered_paired_difference",
    "clustered_proportion",
    "cohen_kappa",
    "combine",
    "cusum",
    "decide",
    "decision_curve",
    "delong_test",
    "ece",
    "fleiss_kappa",
    "gwet_ac1",
    "horvitz_thompson",
    "hosmer_lemeshow",
    "krippendorff_alpha",
    "ks",
    "mcnemar_midp",
    "missed_finding_bound",
    "mmd",
    "net_benefit",
    "net_benefit_difference",
    "newcombe_difference",
    "obuchowski_rockette",
    "paired_difference",
    "paired_reader_change",
    "partial_auc",
    "power_noninferiority",
    "power_table",
    "psi",
    "reuse_alpha",
    "sample_size_noninferiority",
    "sensitivity_at_specificity",
    "slice_rule",
    "sprt",
    "status_of",
    "tango_noninferiority",
    "threshold_for_sensitivity",
    "wasserstein",
    "wilson",
    "youden_threshold",
]

_MODULES = (
    "proportion",
    "roc",
    "calibration",
    "decision",
    "agreement",
    "reader_study",
    "audit",
    "sequential",
    "drift",
    "promotion",
    "power",
    "resampling",
    "results",
    "inputs",
)

if not TYPE_CHECKING:  # a checker that saw this would take any name

    def __getattr__(name: str) -> object:
        """Return a public name, or a module, from where it is."""
        if name in _MODULES:
            return import_module(f"{__name__}.{name}")
        if name in __all__:
            homes = (import_module(f"{__name__}.{module}") for module in _MODULES)
            return next(getattr(home, name) for home in homes if hasattr(home, name))
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
