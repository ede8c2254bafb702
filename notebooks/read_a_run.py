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
# # Reading a run
#
# A result folder says in `manifest.json` what was run and in `summary.json` what came out, in numbers. The rows behind these
# numbers are in `tables/`; `schema/tables.md` explains every column.

# %%
import json
import sys
from decimal import Decimal
from pathlib import Path

import matplotlib.pyplot as plt
import pandas as pd

arguments = [] if "ipykernel" in sys.modules else sys.argv[1:]
here = Path(__file__).parent if "__file__" in globals() else Path.cwd()
folder = Path(arguments[0]) if arguments else here.parent / "results" / "example"
manifest = json.loads((folder / "manifest.json").read_text())
metrics = pd.Series(json.loads((folder / "summary.json").read_text())["metrics"])
print(manifest["title"], "- seed", manifest["seed"], "- fingerprint", manifest["fingerprint"])
metrics[metrics.index.str.startswith("messages.")]

# %%
tables = {path.stem: pd.read_csv(path) for path in sorted((folder / "tables").glob("*.csv"))}
pd.Series({name: len(table) for name, table in tables.items()}, name="rows")

# %% [markdown]
# ## Where the time of a message goes
#
# Each row of `tables/messages.csv` is one message for one recipient. At each instant it is in exactly one phase, so the
# phases before the mailbox sum to the latency, to the nanosecond. Times have nine decimals; as decimals they are exact.

# %%
messages = pd.read_csv(folder / "tables" / "messages.csv", dtype=str)
phases = [
    "composing_s",
    "submission_s",
    "queued_s",
    "dns_s",
    "connecting_s",
    "dialogue_s",
    "transfer_s",
    "waiting_for_retry_s",
]
delivered = messages[messages["latency_s"].notna()]
exact = delivered[[*phases, "latency_s"]].map(Decimal)
messages[["message", "to", "status", "latency_s", "attempts"]]

# %% [markdown]
# For a figure floats are good enough.

# %%
seconds = delivered.set_index("message")[phases].astype(float)
seconds = seconds.loc[:, seconds.sum() > 0]
seconds.columns = [name.removesuffix("_s").replace("_", " ") for name in seconds.columns]
axes = seconds.plot.barh(stacked=True, figsize=(9, 2.5))
axes.set_xlabel("time from composition to the mailbox (s)")
axes.set_ylabel("")
axes.legend(ncols=5, loc="lower left", bbox_to_anchor=(0, 1), frameon=False)
plt.tight_layout()
if len(arguments) > 1:
    plt.savefig(arguments[1], dpi=120)
plt.show()

# %% [markdown]
# ## What must hold
#
# The numbers of the summary are those of the tables.

# %%
assert (exact[phases].sum(axis=1) == exact["latency_s"]).all()
users = messages["kind"] == "user"
assert metrics["messages.delivered"] == (messages["status"] == "delivered")[users].sum()
assert metrics["attempts.total"] == len(tables["attempts"])
assert abs(metrics["latency.mean_s"] - delivered.loc[users, "latency_s"].astype(float).mean()) < 1e-9
print("passed")
