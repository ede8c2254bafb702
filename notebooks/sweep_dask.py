"""Runs the shards of a study on a Dask cluster: each task is one `posthaste sweep run PLAN --shard K/N --out OUT`.

The tasks move no data. A shard leaves its results in the folder of the study, which all workers must reach by the same
path, and what is there is never computed again; so a shard that is lost with its worker is simply started once more.

    from sweep_dask import local_client, run_sweep
    with local_client() as client:
        run_sweep("study.json", "results/study", shards=6, client=client)

From a shell: python sweep_dask.py study.json results/study --shards 6 [--workers 2 | --scheduler tcp://... | --slurm 8]
"""

import argparse
import contextlib
import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path

from distributed import Client, KilledWorker, LocalCluster, as_completed

# Exit codes of `posthaste sweep run`. With the first two a shard is finished: points that failed are recorded with their
# errors and would fail again. With the last two nothing will ever come of it: the command line or the plan is wrong.
DONE, POINTS_FAILED, WRONG_USAGE, WRONG_PLAN = 0, 5, 2, 3


class ShardFailed(RuntimeError):
    """A shard that came to no end however often it was tried, or whose plan is wrong."""


def shard_task(binary, plan, out, shards):
    """What a worker does: runs the shard of that number, and returns its exit code and the last it said on stderr."""

    # A function within a function goes to the workers whole; one of this file they would have to import, and have none.
    def run_shard(shard):
        command = [binary, "sweep", "run", plan, "--shard", f"{shard}/{shards}", "--out", out, "--jobs", "1", "--quiet"]
        if setpriv := shutil.which("setpriv"):  # so that the shard of a killed worker ends, and is not run twice at once
            command = [setpriv, "--pdeathsig", "KILL", *command]
        done = subprocess.run(command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
        return done.returncode, done.stderr.decode(errors="replace")[-2000:]

    return run_shard


def run_sweep(plan, out, shards, client, binary="posthaste", attempts=3, told=print):
    """Runs all shards of `plan` on the workers of `client`, then merges them into the tables of the folder `out`.

    The one function for every cluster: how many workers there are, and where, is the client's business. Dask itself
    starts a shard again whose worker died; after so many deaths that it gives up, or when a shard was killed or could not
    write, it is submitted anew, up to `attempts` times. `told` gets a line about each of these.

    Returns True if every point has a result, False if points failed (their errors are in the folder).
    """
    plan, out = str(Path(plan).resolve()), str(Path(out).resolve())
    binary = shutil.which(binary) or binary
    if not Path(plan).is_file():
        raise FileNotFoundError(plan)

    def submit(shard):
        # Not pure: a shard is run for what it leaves in the folder, which Dask cannot see.
        future = client.submit(run_shard, shard, pure=False)
        shard_of[future.key] = shard
        return future

    run_shard = shard_task(binary, plan, out, shards)
    shard_of, tried, failed = {}, [1] * shards, 0
    running = as_completed([submit(shard) for shard in range(shards)])
    for future in running:
        shard = shard_of.pop(future.key)
        code, said = _outcome(future)
        # Nobody holds a finished future: were its worker lost later, Dask would compute a held one again.
        future.release()
        del future
        if code in (WRONG_USAGE, WRONG_PLAN):
            raise ShardFailed(f"shard {shard}/{shards}: {said}")
        if code == POINTS_FAILED:
            failed += 1
        elif code != DONE:
            if tried[shard] == attempts:
                raise ShardFailed(f"shard {shard}/{shards} failed {attempts} times, at last so: {said}")
            tried[shard] += 1
            told(f"shard {shard}/{shards} is tried again: {said.strip()}")
            running.add(submit(shard))
    merged = subprocess.run([binary, "sweep", "merge", plan, "--out", out, "--quiet"], stderr=subprocess.PIPE, text=True)
    if merged.returncode not in (DONE, POINTS_FAILED):
        raise ShardFailed(f"sweep merge: {merged.stderr}")
    return failed == 0 and merged.returncode == DONE


def _outcome(future):
    """The exit code of a shard and what it said; -1 if Dask gave it up."""
    if future.status == "finished":
        code, said = future.result()
        return code, said or (f"killed by signal {-code} ({signal.strsignal(-code)})" if code < 0 else f"exit code {code}")
    error = future.exception()
    if isinstance(error, KilledWorker):
        return -1, f"its workers died: {error}"
    return -1, repr(error)


@contextlib.contextmanager
def local_client(workers=None):
    """Workers on this computer, one for each processor core unless told otherwise. No other computer can reach them.

    They are threads of this process: a shard is a process of its own in any case.
    """
    # Without an address, each would listen on all of the computer's for its dashboard.
    here = "127.0.0.1:0"
    cluster = LocalCluster(
        n_workers=workers or os.cpu_count(),
        threads_per_worker=1,
        processes=False,
        protocol="tcp",
        host="127.0.0.1",
        dashboard_address=here,
        worker_dashboard_address=here,
    )
    with cluster, Client(cluster) as client:
        yield client


@contextlib.contextmanager
def slurm_client(jobs, **options):
    """Workers that are jobs of Slurm, one shard at a time each; Dask starts a job again that ends early.

    `options` go to `dask_jobqueue.SLURMCluster`: queue, account, walltime, memory, interface ...
    """
    from dask_jobqueue import SLURMCluster

    options = {"cores": 1, "processes": 1, "memory": "1GB", "walltime": "01:00:00"} | options
    # The dashboards show and stop what runs, and ask for no password: only who is on the same computer sees them.
    here = ["--dashboard-address", "127.0.0.1:0"]
    options["worker_extra_args"] = [*options.get("worker_extra_args", []), *here]
    options["scheduler_options"] = {"dashboard_address": "127.0.0.1:0"} | options.get("scheduler_options", {})
    with SLURMCluster(**options) as cluster, Client(cluster) as client:
        cluster.adapt(minimum=jobs, maximum=jobs)
        yield client


def main(arguments=None):
    """The command line; returns the exit code."""
    parser = argparse.ArgumentParser(prog="sweep_dask.py", description="Runs the shards of a study on a Dask cluster.")
    parser.add_argument("plan", help="plan file")
    parser.add_argument("out", help="folder of the study, which all workers reach by this path")
    parser.add_argument("--shards", type=int, required=True, metavar="N", help="so many shards")
    parser.add_argument("--binary", default="posthaste", help="the program, as the workers find it")
    where = parser.add_mutually_exclusive_group()
    where.add_argument("--workers", type=int, metavar="W", help="so many workers on this computer")
    where.add_argument("--scheduler", metavar="ADDRESS", help="the workers of this scheduler, like tcp://head:8786")
    where.add_argument("--slurm", type=int, metavar="JOBS", help="so many workers as jobs of Slurm")
    parser.add_argument("--walltime", default="01:00:00", help="of a job of Slurm")
    parser.add_argument("--memory", default="1GB", help="of a job of Slurm")
    parser.add_argument("--interface", help="the network interface by which jobs of Slurm talk, like ib0")
    args = parser.parse_args(arguments)
    if args.shards < 1:
        parser.error("a study has at least one shard")
    if args.scheduler:
        client = Client(args.scheduler, timeout="60s")
    elif args.slurm:
        options = {"walltime": args.walltime, "memory": args.memory, "interface": args.interface}
        client = slurm_client(args.slurm, log_directory=str(Path(args.out).resolve() / "submit"), **options)
    else:
        client = local_client(args.workers)
    try:
        with client as connected:
            complete = run_sweep(args.plan, args.out, args.shards, connected, args.binary)
    except (ShardFailed, FileNotFoundError) as error:
        print(f"sweep_dask.py: {error}", file=sys.stderr)
        return 4
    return DONE if complete else POINTS_FAILED


if __name__ == "__main__":
    sys.exit(main())
