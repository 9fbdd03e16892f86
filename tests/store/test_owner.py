from __future__ import annotations

import os
import signal
import subprocess
import sys

import psutil
from msgspec.structs import replace

from rung.store.owner import MachineClock, boot_id, current_owner, is_alive, is_same_process, start_time
from rung.types import Owner


def owner_of_a_child(child):
    return replace(current_owner(), pid=child.pid, started=start_time(child.pid))


def sleeping_child():
    return subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)


def test_we_are_alive():
    owner = current_owner()
    assert owner.pid == os.getpid()
    assert is_alive(owner) is True
    again = current_owner()
    assert again != owner
    assert replace(again, session=owner.session) == owner
    assert is_same_process(again, owner)


def test_the_start_time_is_that_of_psutil():
    ticks = os.sysconf("SC_CLK_TCK")
    expected = psutil.Process().create_time() - psutil.boot_time()
    assert abs(start_time(os.getpid()) / ticks - expected) < 1.5 if sys.platform == "linux" else True


def test_a_child_is_alive_until_it_is_killed_and_a_zombie_is_not():
    with sleeping_child() as child:
        owner = owner_of_a_child(child)
        assert is_alive(owner) is True
        child.send_signal(signal.SIGKILL)
        os.waitid(os.P_PID, child.pid, os.WEXITED | os.WNOWAIT)  # dead, but not yet waited for
        assert psutil.Process(child.pid).status() == psutil.STATUS_ZOMBIE
        assert is_alive(owner) is False
    assert is_alive(owner) is False
    assert start_time(child.pid) is None


def test_a_process_with_a_strange_name_is_found(tmp_path):
    strange = tmp_path / ") R 1 (x) \n"
    strange.symlink_to("/bin/cat")
    with subprocess.Popen([strange], stdin=subprocess.PIPE) as child:
        assert is_alive(owner_of_a_child(child)) is True


def test_another_process_with_our_number_is_not_us():
    owner = current_owner()
    assert is_alive(replace(owner, started=owner.started + 1)) is False
    assert is_alive(replace(owner, boot="before the reboot")) is False


def test_a_process_that_is_hidden_from_us_is_not_taken_for_dead(monkeypatch):
    owner = replace(current_owner(), pid=2**22 + 1)  # above the highest number that Linux gives
    assert is_alive(owner) is False

    def kill(pid, signal):
        raise PermissionError

    monkeypatch.setattr("os.kill", kill)
    assert is_alive(owner) is None


def test_what_tells_processes_apart():
    us = Owner(host="h", boot="b", pid=7, started=1.0, session="s")
    assert is_same_process(us, replace(us, session="t"))
    for other in ({"host": "g"}, {"boot": "c"}, {"pid": 8}, {"started": 2.0}):
        assert not is_same_process(us, replace(us, **other))


def test_who_lives_elsewhere_cannot_be_seen():
    owner = current_owner()
    assert is_alive(Owner(host="elsewhere.example", boot=owner.boot, pid=owner.pid, started=owner.started)) is None


def test_the_clock_of_the_machine():
    clock = MachineClock()
    before, after = clock.stamp(), clock.stamp()
    assert before.boot == after.boot == boot_id()
    assert before.uptime <= after.uptime
    clock.sleep(0.01)
    assert clock.stamp().uptime >= after.uptime + 0.01
