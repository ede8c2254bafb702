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
# # Where the time of a message goes
#
# Each row of `tables/messages.csv` is one message for one recipient. At each instant it is in exactly one phase, so the
# phases before the mailbox sum to the latency, to the nanosecond.

# %%
import sys
from decimal import Decimal
from pathlib import Path

import matplotlib.pyplot as plt
import pandas as pd

arguments = [] if "ipykernel" in sys.modules else sys.argv[1:]
here = Path(__file__).parent if "__file__" in globals() else Path.cwd()
folder = Path(arguments[0]) if arguments else here.parent / "results" / "example"
messages = pd.read_csv(folder / "tables" / "messages.csv", dtype=str)
messages[["message", "to", "status", "latency_s", "attempts"]]

# %% [markdown]
# Times have nine decimals. As decimals they are exact, so the sum can be compared with `==`.

# %%
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
assert (exact[phases].sum(axis=1) == exact["latency_s"]).all()

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
