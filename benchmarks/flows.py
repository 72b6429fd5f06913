"""Real NVP on points against nflows, normflows and zuko: python -m benchmarks.flows

Each with 8 affine coupling layers, whose networks have two hidden layers of 64 units, on 4,096 points of the plane: the
log density of each, and as many points made from noise. On one thread, in time of the processor, so that what else a
machine does counts little. The peers are put together as their documentation does it; pip install --no-deps
-r benchmarks/requirements.txt. One that is not there is left out, and that is said.

Rounds go through all of them in turn; medians are printed, and how many times as long each peer takes. "With seeds" is
what our sample() does beside: it draws each point from a seed of its own.
"""

from __future__ import annotations

import math
import statistics
import time
from collections.abc import Callable

import torch
from torch import Tensor, nn

from genlib.models.realnvp import Config, RealNVP
from genlib.spaces import Points

LAYERS, WIDTH, POINTS, ROUNDS = 8, 64, 4096, 15

Calls = dict[str, Callable[[], object]]


def mlp(inputs: int, outputs: int) -> nn.Sequential:
    return nn.Sequential(
        nn.Linear(inputs, WIDTH), nn.SiLU(), nn.Linear(WIDTH, WIDTH), nn.SiLU(), nn.Linear(WIDTH, outputs)
    )


def ours(x: Tensor) -> Calls:
    model = RealNVP(Config(space=Points(), layers=LAYERS, width=WIDTH, depth=2)).eval()
    return {
        "log density": lambda: model.log_prob(x),
        "sampling": lambda: model.decode(torch.randn(POINTS, 2)),
        "sampling with seeds": lambda: model.sample(range(POINTS)),
    }


def nflows(x: Tensor) -> Calls:
    from nflows.transforms.base import CompositeTransform
    from nflows.transforms.coupling import AffineCouplingTransform

    class Net(nn.Module):
        def __init__(self, inputs: int, outputs: int) -> None:
            super().__init__()
            self.net = mlp(inputs, outputs)

        def forward(self, x: Tensor, context: object = None) -> Tensor:
            return self.net(x)

    transform = CompositeTransform([AffineCouplingTransform([i % 2, 1 - i % 2], Net) for i in range(LAYERS)]).eval()

    def density() -> Tensor:  # as its Flow with a StandardNormal does, whose modules want matplotlib
        z, log_det = transform(x)
        return log_det - 0.5 * z.square().sum(1) - math.log(2 * math.pi)

    return {"log density": density, "sampling": lambda: transform.inverse(torch.randn(POINTS, 2))}


def normflows(x: Tensor) -> Calls:
    import normflows as nf

    flows: list[nn.Module] = []
    for _ in range(LAYERS):
        flows += [nf.flows.AffineCouplingBlock(mlp(1, 2)), nf.flows.Permute(2, mode="swap")]
    model = nf.NormalizingFlow(nf.distributions.DiagGaussian(2, trainable=False), flows).eval()
    return {"log density": lambda: model.log_prob(x), "sampling": lambda: model.sample(POINTS)}


def zuko(x: Tensor) -> Calls:
    from zuko.flows import RealNVP as Theirs

    model = Theirs(2, transforms=LAYERS, hidden_features=(WIDTH, WIDTH), activation=nn.SiLU).eval()
    return {"log density": lambda: model().log_prob(x), "sampling": lambda: model().sample((POINTS,))}


@torch.inference_mode()
def main() -> None:
    torch.set_num_threads(1)
    x, sides = torch.randn(POINTS, 2), {}
    for make in (ours, nflows, normflows, zuko):
        try:
            sides[make.__name__] = make(x)
        except ImportError as error:
            print(f"{make.__name__} is left out: {error}")
    times: dict[tuple[str, str], list[float]] = {}
    for turn in range(ROUNDS + 1):  # the first one warms up
        for name, calls in sides.items():
            for what, call in calls.items():
                started = time.process_time()
                call()
                if turn:
                    times.setdefault((what, name), []).append(time.process_time() - started)
    medians = {key: statistics.median(seconds) for key, seconds in times.items()}
    print(f"{LAYERS} layers of {WIDTH} units, {POINTS:,} points")
    for (what, name), seconds in sorted(medians.items()):
        ratio = "" if name == "ours" else f"   {seconds / medians[what, 'ours']:5.2f} x ours"
        print(f"{what:20} {name:10} {1e3 * seconds:8.2f} ms{ratio}")


if __name__ == "__main__":
    main()
