# ---
# jupyter:
#   jupytext:
#     formats: ipynb,py:percent
#     text_representation:
#       extension: .py
#       format_name: percent
#       format_version: '1.3'
#       jupytext_version: 1.19.6
#   kernelspec:
#     display_name: Python 3
#     language: python
#     name: python3
# ---

# %% [markdown]
# # A study on Dask
#
# `run_sweep` in `sweep_dask.py` hands the shards of a study to the workers of a Dask client. Here these are two processes on this
# computer; with `slurm_client` they are jobs of Slurm, and nothing else changes. The program is `posthaste` on the path, or what
# `POSTHASTE` names.

# %%
import json
import os
import shutil
import sys
import tempfile
from pathlib import Path

import matplotlib.pyplot as plt
import pandas as pd

arguments = [] if "ipykernel" in sys.modules else sys.argv[1:]
here = Path(__file__).parent if "__file__" in globals() else Path.cwd()
sys.path.insert(0, str(here))
from sweep_dask import local_client, run_sweep

built = here.parent / "target" / "release" / "posthaste"
program = os.environ.get("POSTHASTE") or shutil.which("posthaste") or str(built)

# %% [markdown]
# The plan: a queue before a line (M/D/1), at five utilizations, each three times. It is a variant of one that is shipped.

# %%
place = Path(tempfile.mkdtemp())
rates = {0.2: "20/s", 0.4: "40/s", 0.6: "60/s", 0.7: "70/s", 0.8: "80/s"}
arrivals = [f"/workload/{n}/lookups/arrivals/poisson" for n in range(2)]
plan = {
    "extends": os.path.relpath(here.parent / "scenarios" / "studies" / "queue-mm1.json", place),
    "set": {"/run/until": "5min"},
    "vary": [
        {
            "name": "utilization",
            "pointer": "/x-utilization",
            "values": list(rates),
            "with": [{"pointer": arrivals, "values": list(rates.values())}],
        }
    ],
    "replications": 3,
    "level": 0.95,
}
(place / "plan.json").write_text(json.dumps(plan, indent=2))

# %% [markdown]
# Workers and notebook are on one computer, so the folder may be any. The tables are made when all shards are done. A second
# call, which cuts the study otherwise, finds everything and computes nothing.

# %%
folder = place / "study"
with local_client(workers=2) as client:
    assert run_sweep(place / "plan.json", folder, 5, client, program)
    written = {path: path.stat().st_mtime_ns for path in (folder / "records").rglob("*.json")}
    assert run_sweep(place / "plan.json", folder, 2, client, program)
print(len(written), "runs")

# %%
summary = pd.read_csv(folder / "tables" / "summary.csv")
queue = summary[summary["metric"].str.startswith("line_queue")]
expected = queue["utilization"] ** 2 / (2 * (1 - queue["utilization"]))
figure, axes = plt.subplots(figsize=(7, 4), layout="constrained")
axes.errorbar(queue["utilization"], queue["mean"], queue["half_width"], fmt="o", capsize=3, label="simulated")
axes.plot(queue["utilization"], expected, label="M/D/1: u²/(2(1 - u))")
axes.set_xlabel("utilization of the line")
axes.set_ylabel("packets that wait, on average")
axes.grid(alpha=0.3)
axes.legend(frameon=False)
if len(arguments) > 1:
    figure.savefig(arguments[1], dpi=120)
plt.show()

# %% [markdown]
# ## What must hold
#
# All runs are there, none was made twice, and the queue is as long as it should be. (Three replications make wide intervals.)

# %%
assert len(written) == 15
assert written == {path: path.stat().st_mtime_ns for path in (folder / "records").rglob("*.json")}
assert (queue["n"] == 3).all() and len(queue) == 5
assert ((queue["mean"] - expected).abs() <= 2 * queue["half_width"]).all()
shutil.rmtree(place)
print("passed")
