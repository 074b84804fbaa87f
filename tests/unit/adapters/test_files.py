import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from mlstrat_plugin.adapters.files import replacing, write_text
from mlstrat_plugin.errors import WriteError


def test_all_or_nothing(tmp_path: Path) -> None:
    first, second = tmp_path / "a/one.txt", tmp_path / "a/two.txt"
    write_text(first, "old\n")
    with pytest.raises(RuntimeError), replacing(first, second) as (one, two):
        one.write_text("new")
        two.write_text("new")
        raise RuntimeError
    assert first.read_text() == "old\n"
    assert [file.name for file in (tmp_path / "a").iterdir()] == ["one.txt"]


def test_a_file_where_a_folder_should_be(tmp_path: Path) -> None:
    (tmp_path / "a").write_text("")
    with pytest.raises(WriteError, match="cannot write"):
        write_text(tmp_path / "a/one.txt", "x")


def test_a_killed_writer_leaves_the_old_file_and_no_obstacle(tmp_path: Path) -> None:
    target = tmp_path / "report.txt"
    write_text(target, "old\n")
    script = (
        "import sys,time;from pathlib import Path;from mlstrat_plugin.adapters.files import replacing\n"
        "with replacing(Path('report.txt')) as (p,):\n p.write_text('half'); print('ready',flush=True); time.sleep(60)"
    )
    with subprocess.Popen([sys.executable, "-c", script], cwd=tmp_path, stdout=subprocess.PIPE) as child:
        assert child.stdout is not None
        child.stdout.readline()
        os.kill(child.pid, signal.SIGKILL)
        child.wait()
    time.sleep(0.05)
    assert target.read_text() == "old\n"
    write_text(target, "new\n")
    assert target.read_text() == "new\n"
    assert sorted(file.name for file in tmp_path.iterdir()) == ["report.txt"]
