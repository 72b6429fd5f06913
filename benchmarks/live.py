"""How much of a run's speed a page that shows it leaves: python -m benchmarks.live

Lab        the game lab as it opens (a GAN with 2 x 128 units on ring8, batches of 256), started on Train and watched
           by a visitor over the server's websocket, who asks anew as often as a browser does, against the same task
           in a process of its own: with one thread, as a run on points has, and with as many as torch takes, as one on
           pictures does. Printed as well: how many moments a second the visitor was shown.
Pictures   the same of a run on fashion (--pictures MODEL).

Rounds alternate between the two, so that a slow minute of a shared machine falls on both; medians are printed. Steps
are counted over --seconds of the clock, after the first ones. Linux; needs what `make test` installs.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import re
import statistics
import subprocess
import sys
import time

from benchmarks.server import server
from benchmarks.soak import TICK, Trainee
from genlib import query
from genlib.ui.lab.query import TrainQuery
from genlib.ui.pages import TRAIN

ROUNDS = 3
ALONE = """
import sys, time, json, torch
from genlib import experiment
from genlib.lab import offers
recipe, settings, model, seconds, threads = json.loads(sys.argv[1])
torch.set_num_threads(threads or torch.get_num_threads())
task = offers.usual(model, recipe["data"], "", recipe, **settings)
run, at, began = experiment.begin(task), 0, 0.0
while True:
    run.advance()
    if run.step == 20:
        at, began = run.step, time.monotonic()
    if began and time.monotonic() - began > seconds:
        break
print((run.step - at) / (time.monotonic() - began))
"""


def alone(parameters: dict[str, str], seconds: float, threads: int) -> float:
    """Steps a second of the same task in a process of its own. `threads` 0: as many as torch takes by itself."""
    asked = query.read(TrainQuery.beside(parameters), parameters).values
    task = json.dumps([asked.recipe | {"steps": 100_000}, asked.settings, asked.model, seconds, threads])
    out = subprocess.run([sys.executable, "-c", ALONE, task], capture_output=True, text=True, check=True).stdout
    return float(out)


async def watched(port: int, address: str, seconds: float) -> tuple[float, float]:
    """Steps and shown moments a second of a run on Train, as its visitor sees them."""
    async with Trainee(port) as visitor:
        await visitor.open(TRAIN.key, address)
        await visitor.press("start")
        await visitor.until(r"^Step [1-9]")
        await asyncio.sleep(3)
        first, began, seen = 0, 0.0, set[int]()
        while not began or time.monotonic() - began < seconds:
            await asyncio.sleep(TICK)
            await visitor.tick()
            step = int(re.findall(r"Step ([\d,]+)", visitor.said)[0].replace(",", ""))
            if not began:
                first, began = step, time.monotonic()
            seen.add(step)
        took = time.monotonic() - began
        await visitor.press("stop")
        await visitor.until(r"^(Ended|Finished)")
        return (step - first) / took, (len(seen) - 1) / took


def compare(what: str, parameters: dict[str, str], port: int, seconds: float) -> None:
    address = "&".join(f"{name}={text}" for name, text in parameters.items())
    ours, theirs, wide, moments = [], [], [], []
    for _ in range(ROUNDS):
        steps, shown = asyncio.run(watched(port, address, seconds))
        ours.append(steps)
        moments.append(shown)
        theirs.append(alone(parameters, seconds, 1))
        wide.append(alone(parameters, seconds, 0))
    mine, one, all_ = map(statistics.median, (ours, theirs, wide))
    print(
        f"{what:24} {mine:7.1f} steps a second on the page, {statistics.median(moments):.1f} moments; alone {one:7.1f} "
        f"with one thread ({mine / one:.0%}), {all_:7.1f} with all ({mine / all_:.0%})",
        flush=True,
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--seconds", type=float, default=12)
    parser.add_argument("--pictures", default="dcgan", metavar="MODEL")
    parser.add_argument("--only", choices=["lab", "pictures"])
    args = parser.parse_args()
    with server() as (address, _):
        port = int(address.rpartition(":")[2])
        if args.only != "pictures":
            compare("lab", {"data": "ring8", "model": "gan", "steps": "20000"}, port, args.seconds)
        if args.only != "lab":
            pictures = {"data": "fashion", "model": args.pictures, "budget": "600"}
            compare(f"{args.pictures} on fashion", pictures, port, args.seconds)


if __name__ == "__main__":
    main()
