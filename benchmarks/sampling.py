"""Time from "New pictures" to 64 of them, on the server: python -m benchmarks.sampling

For every checkpoint that makes pictures: the median over 20 clicks of a whole rerun of the page (script, model, sprite
sheet, all messages queued), driven through Streamlit's own AppTest; the model's share of it; and, as a yardstick in the
same run, how much longer the model takes for the same 64 pictures one by one.
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

import torch
from streamlit.testing.v1 import AppTest

import genlib
from genlib import sources
from genlib.contract import Samples
from genlib.spaces import Pictures
from genlib.ui.pages import SAMPLE

CLICKS, PICTURES = 20, 64
APP = Path(__file__).parent.parent / "app.py"


def median_ms(call: Callable[[int], object], times: int) -> float:
    """Median milliseconds of call(0), call(1), ... after one more to warm up."""
    seconds = []
    for i in range(-1, times):
        started = time.perf_counter()
        call(abs(i))
        seconds.append(time.perf_counter() - started)
    return 1e3 * statistics.median(seconds[1:])


def together(model: Samples, i: int) -> None:
    model.sample(range(i * PICTURES, (i + 1) * PICTURES))


def one_by_one(model: Samples, _: int) -> None:
    for seed in range(PICTURES):
        model.sample([seed])


def page(name: str) -> Callable[[int], object]:
    """A click on "New pictures" of the page that shows `name`."""
    test = AppTest.from_file(str(APP), default_timeout=60)
    test.query_params["model"], test.query_params["n"] = name, str(PICTURES)
    test.switch_page("pages/sample.py").run()
    if test.exception or test.error:
        raise SystemExit(f"{name}: {[e.value for e in [*test.exception, *test.error]]}")
    return lambda _: test.button(key=SAMPLE.widget("new")).click().run()


@torch.inference_mode()
def main() -> None:
    print(f"{'64 pictures':20} {'rerun':>9} {'model':>9} {'one by one':>11}")
    for name, checkpoint in sources.checkpoints().items():
        if not (issubclass(checkpoint.model_class, Samples) and isinstance(checkpoint.config.space, Pictures)):
            continue
        model = genlib.load(name)
        assert isinstance(model, Samples)
        batch = median_ms(partial(together, model), CLICKS)
        singly = median_ms(partial(one_by_one, model), 3)
        print(f"{name:20} {median_ms(page(name), CLICKS):6.0f} ms {batch:6.0f} ms {singly / batch:9.1f} x", flush=True)


if __name__ == "__main__":
    main()
