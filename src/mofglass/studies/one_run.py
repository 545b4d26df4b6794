"""What executes each of several runs side by side: ``python -m mofglass.studies.one_run PARENT DIR``."""

from __future__ import annotations

import argparse
import signal
import sys

from mofglass.errors import MofglassError
from mofglass.parent_process import end_with_parent
from mofglass.simulate import execute


def main() -> int:
    """Take the run to its end, or to a checkpoint where the parent is killed.

    Returns
    -------
    int
        Exit code.
    """
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("parent", type=int)
    parser.add_argument("directory")
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--walltime", type=float, default=None, help="s")
    arguments = parser.parse_args()
    end_with_parent(arguments.parent, signal.SIGTERM)
    try:
        execute(arguments.directory, threads=arguments.threads, walltime_s=arguments.walltime, progress=False)
    except MofglassError as error:
        print(error, file=sys.stderr, flush=True)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
