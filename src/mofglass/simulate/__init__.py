"""Molecular dynamics: stages, the LAMMPS engine, and runs that survive being killed."""

from mofglass.simulate.execution import create_run, execute
from mofglass.simulate.guards import Guards
from mofglass.simulate.in_turn import execute_in_turn
from mofglass.simulate.potential_record import absolute_spec
from mofglass.simulate.run import Run
from mofglass.simulate.settings import RunSettings
from mofglass.simulate.stages import (
    Dynamics,
    Minimise,
    Protocol,
    Stage,
    from_yaml_list,
    hold,
    ramp,
    to_yaml_list,
    with_slow_forces,
)

__all__ = [
    "Dynamics",
    "Guards",
    "Minimise",
    "Protocol",
    "Run",
    "RunSettings",
    "Stage",
    "absolute_spec",
    "create_run",
    "execute",
    "execute_in_turn",
    "from_yaml_list",
    "hold",
    "ramp",
    "to_yaml_list",
    "with_slow_forces",
]
