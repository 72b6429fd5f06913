"""What a GPU gives: python -m benchmarks.devices [CHECKPOINT ...]

For each checkpoint, pictures a second when 64 are sampled, and steps a second when it is trained by its own recipe, on
the processor with all its cores and on the GPU, with their ratio. Both in the precision the app would take.
"""

from __future__ import annotations

import argparse
import os
import time
from collections.abc import Callable

import torch

from genlib import devices, experiment
from genlib.checkpoint import shipped

USUAL = ["dcgan-faces", "vae-faces", "pixelcnn-digits", "realnvp-digits"]
SECONDS = 2.0


def pace(call: Callable[[], object], device: torch.device) -> float:
    """How often a second, after one call that does not count."""

    def now() -> float:
        if device.type == "cuda":
            torch.cuda.synchronize(device)
        return time.perf_counter()

    call()
    started, count = now(), 0
    while now() - started < SECONDS:
        call()
        count += 1
    return count / (now() - started)


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("names", nargs="*", default=USUAL)
    names = parser.parse_args().names
    best = devices.best()
    if best.type == "cpu":
        raise SystemExit("There is no GPU here to compare with.")
    torch.set_num_threads(os.cpu_count() or 1)
    print(f"{torch.cuda.get_device_name(best) if best.type == 'cuda' else best}, and {os.cpu_count()} cores")
    print(f"{'':18} {'pictures/s, cores':>18} {'GPU':>9} {'ratio':>6}   {'steps/s, cores':>15} {'GPU':>9} {'ratio':>6}")
    for name in names:
        made, learned = [], []
        for device in (torch.device("cpu"), best):
            model = shipped(name).load(device)
            with torch.inference_mode():
                made.append(64 * pace(lambda m=model: m.sample(range(64)), device))  # type: ignore[misc]
            run = experiment.begin(experiment.plan(name), device=device)
            learned.append(pace(run.advance, device))
        print(
            f"{name:18} {made[0]:18,.0f} {made[1]:9,.0f} {made[1] / made[0]:6.1f}   "
            f"{learned[0]:15.1f} {learned[1]:9.1f} {learned[1] / learned[0]:6.1f}",
            flush=True,
        )


if __name__ == "__main__":
    main()
