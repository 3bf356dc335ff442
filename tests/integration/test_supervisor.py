from __future__ import annotations

import os
import signal
import subprocess
import sys
import textwrap
import threading
from pathlib import Path

import pytest

from deploy.local.process import Child
from deploy.local.supervisor import StartError, Supervisor
from tests.support.servers import python
from tests.support.wait import eventually

ON_LINUX = pytest.mark.skipif(sys.platform != "linux", reason="the kernel's tether is Linux's")

STAY = "import signal; signal.sigwait([signal.SIGTERM])"
DEAF = (
    "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN);"
    "print('deaf', flush=True); time.sleep(600)"
)


class Log:
    def __init__(self):
        self.lines = []

    def __call__(self, line):
        self.lines.append(line)

    def has(self, part):
        return any(part in line for line in self.lines)


def alive(pid):
    """Tell whether a process runs; a zombie does not."""
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except FileNotFoundError:
        return False
    return state != "Z"


def test_children_start_in_order_each_when_the_one_before_is_ready_and_stop_in_reverse():
    log = Log()
    code = """if True:
        import signal, sys
        name = sys.argv[1]
        signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGTERM])
        print(name, 'up', flush=True)
        signal.sigwait([signal.SIGTERM])
        print(name, 'down', flush=True)
    """
    children = [
        Child(n, [sys.executable, "-c", code, n], ready=lambda n=n: log.has(f"{n} up"))
        for n in ("a", "b", "c")
    ]
    with Supervisor(*children, log=log):
        assert log.lines == ["a | a up", "b | b up", "c | c up"]
    assert log.lines[3:] == ["c | c down", "b | b down", "a | a down"]


def test_a_child_gets_its_environment_and_ours(monkeypatch):
    monkeypatch.setenv("OURS", "1")
    log = Log()
    show = "import os; print(os.environ['OURS'], os.environ['MINE'], flush=True);" + STAY
    with Supervisor(python("a", show, env={"MINE": "2"}), log=log):
        eventually(lambda: log.lines == ["a | 1 2"])


def test_one_that_is_not_ready_in_time_is_named_with_the_cause_and_all_stop():
    log, pids = Log(), []

    def refused():
        pids.append(supervisor.pid("a"))
        raise ConnectionRefusedError("nobody listens")

    supervisor = Supervisor(
        python("a", STAY), python("b", STAY, ready=refused, ready_within=0.1), log=log
    )
    with pytest.raises(StartError, match=r"^b was not ready within 0.1 s \(nobody listens\)$"):
        supervisor.start()
    assert not alive(pids[0])


def test_one_that_ends_before_it_is_ready_is_named_with_its_last_line():
    complain = "import sys; sys.exit('port 80 is taken')"
    supervisor = Supervisor(python("a", complain, ready=lambda: False), log=Log())
    with pytest.raises(
        StartError, match=r"^a ended before it was ready: exit code 1: port 80 is t"
    ):
        supervisor.start()


def test_a_program_that_does_not_exist_is_named():
    supervisor = Supervisor(Child("a", ["/no/such/program"], ready=lambda: False), log=Log())
    with pytest.raises(StartError, match="/no/such/program: No such file"):
        supervisor.start()


def test_one_that_does_not_hear_is_killed_after_its_grace():
    log = Log()
    child = python("a", DEAF, ready=lambda: log.has("deaf"), stop_within=0.1)
    with Supervisor(child, log=log) as supervisor:
        pid = supervisor.pid("a")
    assert not alive(pid)
    assert log.lines[-1] == "a did not stop in 0.1 s: killed"


def test_what_a_child_has_started_ends_with_it():
    log = Log()
    spawn = f"import subprocess, sys; p = subprocess.Popen([sys.executable, '-c', {DEAF!r}]);"
    spawn += "print('pid', p.pid, flush=True);" + STAY
    with Supervisor(python("a", spawn, ready=lambda: log.has("deaf")), log=log):
        pid = int(next(line for line in log.lines if "pid" in line).split()[-1])
        assert alive(pid)
    eventually(lambda: not alive(pid))


def run(*children, foreground=None, log=None):
    """Run a supervisor to its end; return its exit code and what it said."""
    log = log or Log()
    return Supervisor(*children, log=log).run(foreground), log


def test_the_death_of_one_stops_all_with_one_line():
    log, pids = Log(), []

    def kill(_stopping):
        pids.extend((supervisor.pid("a"), supervisor.pid("b")))
        os.kill(pids[1], signal.SIGKILL)

    supervisor = Supervisor(python("a", STAY), python("b", STAY), log=log)
    assert supervisor.run(kill) == 1
    assert log.lines == ["b ended, so all stops: killed by SIGKILL"]
    assert not any(map(alive, pids))


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_signal_stops_all_in_good_order(number):
    stopped = threading.Event()

    def send(stopping):
        os.kill(os.getpid(), number)
        stopping.wait(10)
        stopped.set()

    before = signal.getsignal(number)
    code, log = run(python("a", STAY), foreground=send)
    assert (code, log.lines) == (0, [])
    assert stopped.wait(10)
    assert signal.getsignal(number) == before


def test_a_signal_while_starting_stops_what_has_started():
    def interrupt():
        os.kill(os.getpid(), signal.SIGINT)
        return False

    code, log = run(python("a", STAY), python("b", STAY, ready=interrupt))
    assert (code, log.lines) == (0, [])


def test_a_foreground_task_that_fails_stops_all_with_one_line():
    def fail(_stopping):
        raise LookupError("no such file")

    code, log = run(python("a", STAY), foreground=fail)
    assert (code, log.lines) == (1, ["LookupError: no such file"])


COUNT = """
import pathlib, sys
tally = pathlib.Path(sys.argv[1])
starts = len(tally.read_text())
tally.write_text('x' * (starts + 1))
print('start', starts, flush=True)
if starts < 2:
    sys.exit(1)
"""


def test_one_that_may_restart_does_and_the_others_run_on(tmp_path):
    log, tally = Log(), tmp_path / "tally"
    tally.touch()
    argv = [sys.executable, "-c", COUNT + STAY, str(tally)]
    children = python("a", STAY), Child("b", argv, restart=True)
    with Supervisor(*children, log=log, backoff=(0.0,)) as supervisor:
        pid = supervisor.pid("a")
        eventually(lambda: log.has("start 2"))
        assert supervisor.pid("a") == pid
        assert supervisor.failure is None
    assert sum("b ended; again in 0 s: exit code 1" in line for line in log.lines) == 2


SCRIPT = """
import sys
from deploy.local.supervisor import Child, Supervisor
stay = [sys.executable, "-c", {stay!r}]
supervisor = Supervisor(Child("a", stay), Child("b", stay))
def tell(stopping):
    print(supervisor.pid("a"), supervisor.pid("b"), flush=True)
sys.exit(supervisor.run(tell))
"""


@ON_LINUX
def test_nothing_is_left_behind_even_when_the_supervisor_is_killed():
    script = textwrap.dedent(SCRIPT.format(stay=DEAF))
    supervisor = subprocess.Popen(
        [sys.executable, "-c", script],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        cwd=Path(__file__).parents[2],
    )
    pids = [int(pid) for pid in supervisor.stdout.readline().split()]
    assert len(pids) == 2
    assert all(map(alive, pids))
    supervisor.kill()
    supervisor.communicate()
    eventually(lambda: not any(map(alive, pids)))


def test_children_live_on_when_the_thread_that_asked_for_them_ends():
    supervisor = Supervisor(python("a", STAY), log=Log())
    starter = threading.Thread(target=supervisor.start)
    starter.start()
    starter.join()
    pid = supervisor.pid("a")
    try:
        with pytest.raises(AssertionError):
            eventually(lambda: not alive(pid), timeout=0.3)
        assert supervisor.failure is None
    finally:
        supervisor.stop()


def test_more_can_be_added_while_it_runs():
    log = Log()
    with Supervisor(python("a", STAY), log=log) as supervisor:
        supervisor.add(python("b", STAY))
        assert alive(supervisor.pid("b"))
        with pytest.raises(StartError):
            supervisor.add(python("c", "pass", ready=lambda: False))
        with pytest.raises(KeyError):
            supervisor.pid("a")
