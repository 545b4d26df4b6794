"""Measurements on crystals, liquids and glasses: streaming, in constant memory, with their errors.

>>> from mofglass import analysis, structures
>>> crystal = structures.load("ZIF-4")
>>> analysis.Coordination(pair=("Zn", "N"), cutoff_A=2.5).compute(crystal).result.mean_coordination
4.0
"""

from mofglass.analysis.accumulator import Analysis, NotComputedError
from mofglass.analysis.bond_angle import BondAngle, BondAngleResult
from mofglass.analysis.bridges import Bridges, BridgesResult
from mofglass.analysis.coordination import Coordination, CoordinationResult
from mofglass.analysis.correlation import rank_correlations
from mofglass.analysis.density import Density, DensityResult
from mofglass.analysis.density_profile import DensityProfile, DensityProfileResult
from mofglass.analysis.distance_histogram import distance_histogram
from mofglass.analysis.elastic_result import ElasticityResult
from mofglass.analysis.elastic_tensor import ElasticTensor
from mofglass.analysis.exchange import Exchange
from mofglass.analysis.exchange_result import ExchangeResult
from mofglass.analysis.frame_data import FrameData
from mofglass.analysis.linkers import LinkerFault, Linkers, LinkersResult
from mofglass.analysis.local_density import LocalDensity, LocalDensityResult
from mofglass.analysis.msd import MSD, MSDResult
from mofglass.analysis.orientation import Orientation
from mofglass.analysis.orientation_result import OrientationResult
from mofglass.analysis.output import write_results
from mofglass.analysis.peak_width import PeakWidth, PeakWidthResult
from mofglass.analysis.pipeline import Measurement, measure, measure_glasses
from mofglass.analysis.pmf import PMF, PMFResult
from mofglass.analysis.pores import Pores, PoresResult
from mofglass.analysis.rdf import RDF, RDFResult
from mofglass.analysis.rings import Rings, RingsResult
from mofglass.analysis.scattering import Scattering
from mofglass.analysis.scattering_result import ScatteringResult
from mofglass.analysis.standard_set import standard_set
from mofglass.analysis.statistics import BlockSums, Estimate, block_average, mean_over_glasses
from mofglass.analysis.strain_fluctuation import StrainFluctuation
from mofglass.analysis.temperature_series import (
    TemperaturePoint,
    TemperatureSeriesResult,
    temperature_series,
    temperature_set,
)
from mofglass.plain_json import to_json
from mofglass.plotting import draw_panel
from mofglass.result import Curve, Panel, Result

__all__ = [
    "MSD",
    "PMF",
    "RDF",
    "Analysis",
    "BlockSums",
    "BondAngle",
    "BondAngleResult",
    "Bridges",
    "BridgesResult",
    "Coordination",
    "CoordinationResult",
    "Curve",
    "Density",
    "DensityProfile",
    "DensityProfileResult",
    "DensityResult",
    "ElasticTensor",
    "ElasticityResult",
    "Estimate",
    "Exchange",
    "ExchangeResult",
    "FrameData",
    "LinkerFault",
    "Linkers",
    "LinkersResult",
    "LocalDensity",
    "LocalDensityResult",
    "MSDResult",
    "Measurement",
    "NotComputedError",
    "Orientation",
    "OrientationResult",
    "PMFResult",
    "Panel",
    "PeakWidth",
    "PeakWidthResult",
    "Pores",
    "PoresResult",
    "RDFResult",
    "Result",
    "Rings",
    "RingsResult",
    "Scattering",
    "ScatteringResult",
    "StrainFluctuation",
    "TemperaturePoint",
    "TemperatureSeriesResult",
    "block_average",
    "distance_histogram",
    "draw_panel",
    "mean_over_glasses",
    "measure",
    "measure_glasses",
    "rank_correlations",
    "standard_set",
    "temperature_series",
    "temperature_set",
    "to_json",
    "write_results",
]
