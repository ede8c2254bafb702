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
# # How long do messages take? A distribution, not a mean
#
# Five servers that differ only in when they try again have sent to one that was down for five hours
# (`scenarios/retry-policies.json`). Of each latency the empirical distribution function tells how many messages took at most
# so long.

# %%
import json
import math
import sys
from pathlib import Path

import matplotlib.pyplot as plt
import pandas as pd

arguments = [] if "ipykernel" in sys.modules else sys.argv[1:]
here = Path(__file__).parent if "__file__" in globals() else Path.cwd()
folder = Path(arguments[0]) if arguments else here.parent / "results" / "retry-policies"
messages = pd.read_csv(folder / "tables" / "messages.csv")
messages = messages[(messages["kind"] == "user") & messages["latency_s"].notna()]
messages["server"] = messages["from"].str.partition("@")[2]
messages.groupby("server")["latency_s"].describe()[["count", "min", "50%", "max"]]

# %% [markdown]
# The steps are not to be smoothed: between two observations nothing is known. And there is no interval around them: the
# messages of one run share its outage and depend on each other, so only runs with other seeds would tell how sure this is
# (see `retry_policies`).

# %%
figure, axes = plt.subplots(figsize=(9, 4.5), layout="constrained")
for server, latencies in messages.groupby("server")["latency_s"]:
    axes.ecdf(latencies / 3600, label=server)
axes.set_xlabel("time from composition to the mailbox (h)")
axes.set_ylabel("share of the messages")
axes.set_xlim(left=0)
axes.grid(alpha=0.3)
axes.legend(loc="upper left", frameon=False)
if len(arguments) > 1:
    figure.savefig(arguments[1], dpi=120)
plt.show()

# %% [markdown]
# ## What must hold
#
# A quantile by nearest rank is a value that occurred: the smallest that at least this share of the messages does not
# exceed. `summary.json` has them so.

# %%
metrics = json.loads((folder / "summary.json").read_text())["metrics"]
ordered = messages["latency_s"].sort_values(ignore_index=True)
for share, name in [(0.5, "latency.p50_s"), (0.95, "latency.p95_s"), (1.0, "latency.max_s")]:
    rank = math.ceil(share * len(ordered))
    assert abs(ordered[rank - 1] - metrics[name]) < 1e-9, name

# Nothing was delivered while the server was down, from 1 h to 6 h, and nobody waited for less than the rest of that time.
outage_ends = 6 * 3600
assert (messages["delivered_s"] > outage_ends).all()
assert (messages["latency_s"] >= outage_ends - messages["composed_s"]).all()
print("passed")
