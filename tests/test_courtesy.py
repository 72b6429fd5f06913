"""Answers go before work, and work goes on all the same."""

from __future__ import annotations

import threading

from genlib import courtesy

LONG = 60  # s


def test_work_waits_for_all_answers_and_no_longer() -> None:
    went = threading.Event()
    worker = threading.Thread(target=lambda: (courtesy.let(LONG), went.set()))
    with courtesy.first():
        with courtesy.first():
            worker.start()
        assert not went.wait(0.2)  # one of the two is still being answered
    assert went.wait(LONG)
    worker.join()
    courtesy.let(LONG)  # nobody is: at once


def test_an_answer_that_takes_long_or_fails_does_not_hold_it_up() -> None:
    try:
        with courtesy.first():
            courtesy.let(0.01)
            raise KeyError
    except KeyError:
        courtesy.let(LONG)
