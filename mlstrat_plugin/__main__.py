"""Run the command line as ``python -m mlstrat_plugin``."""

from mlstrat_plugin.cli.main import run

run()
