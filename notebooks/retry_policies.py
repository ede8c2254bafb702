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
# # Which retry policy is faster? Paired differences and their intervals
#
# In the study `scenarios/studies/retry-policy.json` a server is down for one to sixteen hours, and five policies try to send
# it what was written meanwhile. Each point was run twenty times. In a replication all policies see the same messages: what
# differs is of the policy alone.

# %%
import sys
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd

arguments = [] if "ipykernel" in sys.modules else sys.argv[1:]
here = Path(__file__).parent if "__file__" in globals() else Path.cwd()
folder = Path(arguments[0]) if arguments else here.parent / "results" / "studies" / "retry-policy"
results = pd.read_csv(folder / "tables" / "results.csv")
summary = pd.read_csv(folder / "tables" / "summary.csv")
comparisons = pd.read_csv(folder / "tables" / "comparisons.csv")
latency = summary[summary["metric"] == "latency.mean_s"]
latency.pivot(index="outage_s", columns="policy", values="mean").map(lambda seconds: f"{seconds / 60:.1f} min")

# %% [markdown]
# ## Each policy by itself
#
# Most intervals overlap: how many messages there are, and when they were written, makes more of a difference than the policy.

# %%
policies = list(latency["policy"].unique())
outages = sorted(latency["outage_s"].unique())
figure, (left, right) = plt.subplots(1, 2, figsize=(11, 4.5), layout="constrained")
for place, policy in enumerate(policies):
    rows = latency[latency["policy"] == policy].sort_values("outage_s")
    at = np.arange(len(outages)) + (place - 2) * 0.12
    left.errorbar(at, rows["mean"] / 60, rows["half_width"] / 60, fmt="o", markersize=4, capsize=3, label=policy)
left.set_ylabel("mean latency (min)")
left.legend(frameon=False)

# %% [markdown]
# ## Each against the lecture's, pair by pair
#
# Of each replication the difference is taken first, then their mean and its interval: what all policies have in common is
# gone, and the intervals are narrow. They hold together, all of one panel at 95 % (Bonferroni).

# %%
against = comparisons[comparisons["metric"] == "latency.mean_s"]
for place, policy in enumerate(policies):
    rows = against[against["policy"] == policy].sort_values("outage_s")
    if len(rows):
        at = np.arange(len(outages)) + (place - 2) * 0.12
        right.errorbar(at, rows["difference"] / 60, rows["half_width"] / 60, fmt="o", markersize=4, capsize=3, color=f"C{place}")
right.axhline(0, color="black", linewidth=0.8)
right.set_ylabel("mean latency less the lecture's (min)")
for axes in (left, right):
    axes.set_xticks(range(len(outages)), [f"{outage / 3600:g} h" for outage in outages])
    axes.set_xlabel("length of the outage")
    axes.grid(alpha=0.3)
if len(arguments) > 1:
    figure.savefig(arguments[1], dpi=120)
plt.show()

# %%
for line in against["line"]:
    print(line)

# %% [markdown]
# ## What must hold
#
# The differences can be computed from the single runs, and pairing is worth it.

# %%
runs = results[results["metric"] == "latency.mean_s"].pivot(index=["outage_s", "replication"], columns="policy", values="value")
for row in against.itertuples():
    differences = (runs[row.policy] - runs[row.against]).loc[row.outage_s]
    assert abs(differences.mean() - row.difference) < 1e-6 * (1 + abs(row.difference))
    assert row.n == len(differences)
    shown = {"less": row.high < 0, "more": row.low > 0}
    assert shown.get(row.verdict, row.low <= 0 <= row.high), row.line

spread = runs.groupby("outage_s").std()
by_itself = np.array([np.hypot(spread.loc[row.outage_s, row.policy], spread.loc[row.outage_s, row.against]) for row in against.itertuples()])
paired = np.array([(runs[row.policy] - runs[row.against]).loc[row.outage_s].std() for row in against.itertuples()])
print(f"pairing makes the spread of a difference {np.median(by_itself / paired):.1f} times smaller")
assert np.median(by_itself / paired) > 1.5
print("passed")
