"""The lessons of Train on points, each from ten seeds: python -m benchmarks.lessons [collapse ...] [--seeds 10]

A lesson sets two runs side by side, whose difference is to be seen whatever the seed. Both are trained as the page does
it, from the same seeds, by what the page's own race runs (genlib/lab/race.py): 2,500 samples of each are measured, and
a run has collapsed that covers less than half of the modes.
"""

from __future__ import annotations

import argparse
import statistics

from genlib import data, experiment
from genlib.jobs import Limits, Queue
from genlib.lab import lessons
from genlib.lab.doctor import LOST
from genlib.lab.race import Race
from genlib.lab.seen import Watcher

BATCH = 256  # as on the page


def main() -> None:
    there = {lesson.key: lesson for lesson in lessons.of(data.point_names()) if lesson.beside}
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("lessons", nargs="*", default=["collapse"], choices=there)
    parser.add_argument("--seeds", type=int, default=10)
    args = parser.parse_args()

    for lesson in (there[key] for key in args.lessons):
        assert lesson.beside
        other, own, called = lesson.beside
        recipe = {"data": lesson.data, "batch_size": BATCH, **lesson.recipe}
        tasks = [
            (experiment.plan(f"{key}-{lesson.data}", model=key, recipe=recipe, settings=settings), name)
            for key, settings, name in ((lesson.model, lesson.settings, lesson.called), (other, own, called))
        ]
        source = tasks[0][0].source
        assert isinstance(source, data.PointSet)
        race = Race(tasks, Watcher(source), args.seeds, limits=Limits(seconds=3600), threads=1, queue=Queue())
        race.start()
        race.join()
        now = race.standing()
        print(f"{lesson.title}, {args.seeds} seeds, {lesson.recipe['steps']:,} steps {now.sentence}")
        for name, found, out in zip(race.names, now.found, now.left_out, strict=True):
            covered = [gauges.covered for gauges in found]
            lost = sum(gauges.covered < LOST * (gauges.modes or 1) for gauges in found)
            sharp = statistics.mean(gauges.sharp for gauges in found) if found else float("nan")
            modes = found[0].modes if found else 0
            print(
                f"{name:24} modes covered, of {modes}: {' '.join(f'{n:.0f}' for n in covered)}; within three sigma "
                f"{sharp:.1%}; collapsed: {lost} of {len(found)}; left out: {len(out)}",
                flush=True,
            )


if __name__ == "__main__":
    main()
