"""Run the command line as ``python -m mofglass``."""

from mofglass.cli import main

if __name__ == "__main__":
    main(prog_name="mofglass")
