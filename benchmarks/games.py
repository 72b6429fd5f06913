"""The four games of genlib/models/gan.py on one point set: python -m benchmarks.games [ring8] [--seeds 10]

Every game trains the same networks (2 hidden layers of 128 units, z of 2 dimensions) from the same seeds on the same
points, with the same rates (1e-3, falling to zero over the second half) and batches of 256; the relativistic game with
the penalties that belong to it. Then 2,500 samples are measured as `genlib eval` does (genlib/measures/modes.py), and
each row is the mean over the seeds and their standard deviation. A run that diverged has reached nothing.
What was trained is kept in .runs/games and not trained again.
"""

from __future__ import annotations

import argparse
import statistics
from pathlib import Path
from typing import Any, get_args

import torch

from genlib import experiment, measures, sources
from genlib.models.gan import Game
from genlib.training import TrainingError

KEPT = Path(".runs/games")
SETTINGS: dict[str, Any] = {
    "latent": 2, "width": 128, "batch_norm": False, "dropout": 0.0,
    "generator_rate": 1e-3, "discriminator_rate": 1e-3, "beta2": 0.99,
}  # fmt: skip
RECIPE: dict[str, Any] = {"batch_size": 256, "cooldown": 0.5}
GAMMA = {"relativistic": 0.02}


def reached(points: str, game: str, seed: int, steps: int) -> dict[str, float]:
    """What one trained model reaches: trained now, or before."""
    name = f"{points}-{game}-{steps}-{seed}"
    if not (KEPT / name / "config.json").exists():
        recipe = {**RECIPE, "data": points, "steps": steps, "seed": seed}
        settings = {**SETTINGS, "game": game, "gamma": GAMMA.get(game, 0.0)}
        task = experiment.plan(name, model="gan", recipe=recipe, settings=settings)
        try:
            trained = experiment.run(task, lambda _: None, device=torch.device("cpu"), bfloat16=False)
        except TrainingError as error:
            print(f"{name}: {error}")
            return {"covered": 0, "high_quality": 0.0, "reverse_kl": float("inf")}
        experiment.write(task, trained, KEPT)
    made: dict[str, float] = measures.evaluate(sources.find(KEPT / name), progress=lambda _: None)["modes"]["made"]
    return made


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("points", nargs="?", default="ring8")
    parser.add_argument("--seeds", type=int, default=10)
    parser.add_argument("--steps", type=int, default=12_000)
    args = parser.parse_args()
    torch.set_num_threads(1)

    print(f"{args.points}: mean and standard deviation over {args.seeds} seeds, {args.steps:,} steps")
    print(f"{'game':20} {'modes covered':>16} {'within 3 sigma':>18} {'reverse KL':>18}")
    for game in get_args(Game):
        rows = [reached(args.points, game, seed, args.steps) for seed in range(args.seeds)]

        def said(key: str, form: str, rows: list[dict[str, float]] = rows) -> str:
            values = [row[key] for row in rows]
            spread = statistics.stdev(values) if len(values) > 1 else 0.0
            return f"{statistics.mean(values):{form}} ± {spread:{form}}"

        covered, share, kl = said("covered", ".1f"), said("high_quality", ".1%"), said("reverse_kl", ".4f")
        print(f"{game:20} {covered:>16} {share:>18} {kl:>18}", flush=True)


if __name__ == "__main__":
    main()
