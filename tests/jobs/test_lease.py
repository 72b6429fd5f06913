"""A lease outlives a blip and ends what nobody comes back to."""

from __future__ import annotations

import threading

from genlib.jobs import Lease


def test_it_expires_when_nobody_comes_back() -> None:
    expired = threading.Event()
    lease = Lease(expired.set, grace=0.01)
    assert lease.held
    lease.lose()
    lease.lose()
    assert not lease.held
    assert expired.wait(30)


def test_who_comes_back_in_time_keeps_it() -> None:
    expired = threading.Event()
    lease = Lease(expired.set, grace=0.2)
    for _ in range(3):
        lease.lose()
        lease.renew()
    lease.renew()
    assert lease.held
    assert not expired.wait(0.6)
    lease.lose()  # and is lost again
    assert expired.wait(30)
