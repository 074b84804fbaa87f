"""Terminal and page end their findings with the same line."""

from click.testing import CliRunner

from mlstrat_plugin.cli.main import cli
from mlstrat_plugin.core.diagnosis.diagnose import diagnose
from mlstrat_plugin.core.wording import checks_line
from mlstrat_plugin.report.render import report_html
from mlstrat_plugin.report.view import view_of


def test_terminal_and_page_show_the_line() -> None:
    record = diagnose(human=0.01, train=(100, 10_000), dev=(900, 10_000))
    line = checks_line(record)
    assert line.startswith("1 problem, 1 warning, 1 tip, ")
    assert view_of(record).checks == line
    assert line in report_html(record)
    done = CliRunner().invoke(cli, ["quick", "human=0.01", "train=100/10000", "dev=900/10000"])
    assert done.stdout.splitlines()[-1] == line
