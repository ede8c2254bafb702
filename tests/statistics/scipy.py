"""Writes scipy.json: what SciPy computes where src/sweep/statistics computes the same.

Run once, offline, with the versions that the file names; the tests need no Python.

    python tests/statistics/scipy.py > tests/statistics/scipy.json
"""

import json
import sys

# not this file, which bears the name of what it asks
sys.path = [place for place in sys.path if not place.endswith("tests/statistics")]
import numpy as np
import scipy
import scipy.stats as st

rng = np.random.Generator(np.random.PCG64(20260711))
LEVELS = [0.5, 0.9, 0.95, 0.99, 0.9999]


def draw(size, kind):
    values = {
        "normal": lambda: rng.normal(5.0, 2.0, size),
        "exponential": lambda: rng.exponential(0.03, size),
        "heavy": lambda: rng.pareto(1.5, size),
        "offset": lambda: 1e9 + rng.normal(0.0, 1.0, size),
        "tiny": lambda: rng.normal(1e-12, 1e-13, size),
    }[kind]()
    # short decimals, so that both sides begin with the same doubles
    return [float(f"{value:.12g}" if kind != "offset" else f"{value:.15g}") for value in values]


def t_quantiles():
    for freedom in [1, 3, 5, 7, 9, 19, 29, 49, 99, 299, 999, 4999, 9999, 10001, 19999, 99999]:
        for level in LEVELS:
            for comparisons in [1, 7, 1000]:
                risk = (1.0 - level) / comparisons
                yield [freedom, level, comparisons, float(st.t.isf(risk / 2.0, freedom))]


def means():
    for kind in ["normal", "exponential", "heavy", "offset", "tiny"]:
        for size in [2, 3, 10, 30]:
            values = draw(size, kind)
            x = np.array(values)
            for level in [0.9, 0.95]:
                low, high = st.t.interval(level, size - 1, loc=x.mean(), scale=st.sem(x))
                yield dict(values=values, level=level, mean=float(x.mean()), sd=float(x.std(ddof=1)), low=float(low), high=float(high))


def differences():
    for kind in ["normal", "exponential"]:
        for size in [2, 5, 20]:
            a, b = draw(size, kind), draw(size, kind)
            common = draw(size, kind)
            a = [float(f"{x + y:.12g}") for x, y in zip(a, common)]
            b = [float(f"{1.1 * x + y:.12g}") for x, y in zip(b, common)]
            paired = st.ttest_rel(b, a)
            low, high = paired.confidence_interval(0.95)
            r = float(np.corrcoef(a, b)[0, 1])
            other = draw(size + 3, kind)
            apart = st.ttest_ind(other, a, equal_var=False)
            wlow, whigh = apart.confidence_interval(0.95)
            yield dict(a=a, b=b, low=float(low), high=float(high), correlation=r, other=other, welch_low=float(wlow), welch_high=float(whigh))


def shares():
    for trials in [1, 5, 20, 137, 10000]:
        for successes in sorted({0, 1, trials // 3, trials - 1, trials}):
            for level in [0.9, 0.95, 0.99]:
                found = st.binomtest(successes, trials).proportion_ci(level, method="wilson")
                yield [successes, trials, level, float(found.low), float(found.high)]


def quantiles():
    for size in [6, 10, 25, 72, 100, 400, 2000]:
        for share in [0.05, 0.25, 0.5, 0.9, 0.95, 0.99]:
            for level in [0.9, 0.95, 0.99]:
                tail = (1.0 - level) / 2.0
                low = int(st.binom.ppf(tail, size, share))
                if st.binom.cdf(low, size, share) == tail:
                    low += 1
                high = int(st.binom.ppf(1.0 - tail, size, share)) + 1
                if low < 1 or high > size:
                    yield [size, share, level, None]
                else:
                    covered = st.binom.cdf(high - 1, size, share) - st.binom.cdf(low - 1, size, share)
                    yield [size, share, level, [low, high, float(covered)]]


def autoregressive(size, phi, start):
    values, at = [], start
    for _ in range(size):
        at = phi * at + rng.normal()
        values.append(float(f"{at:.9g}"))
    return values


def warm_ups():
    for phi, start in [(0.0, 0.0), (0.5, 20.0), (0.7, 30.0), (0.7, -60.0), (0.9, -60.0), (0.99, 40.0)]:
        series = autoregressive(300, phi, start)
        z = np.array(series).reshape(-1, 5).mean(axis=1)
        found = [float(((z[d:] - z[d:].mean()) ** 2).sum() / (len(z) - d) ** 2) for d in range(len(z) - 4)]
        cut = int(np.argmin(found))
        yield dict(series=series, cut=5 * cut, mser=found[cut])


def batches():
    for phi in [0.0, 0.8]:
        series = autoregressive(205, phi, 0.0)
        y = np.array(series[5:]).reshape(20, -1).mean(axis=1)
        low, high = st.t.interval(0.95, 19, loc=y.mean(), scale=st.sem(y))
        apart = y - y.mean()
        lag = float((apart[:-1] * apart[1:]).sum() / (apart**2).sum())
        ratio = float((1.0 - (np.diff(y) ** 2).sum() / (2.0 * (apart**2).sum())) / np.sqrt(18.0 / 399.0))
        yield dict(series=series, low=float(low), high=float(high), lag_1=lag, von_neumann=ratio)


made = dict(
    made_with=f"SciPy {scipy.__version__}, NumPy {np.__version__}, Python {sys.version.split()[0]}",
    t=list(t_quantiles()),
    means=list(means()),
    differences=list(differences()),
    shares=list(shares()),
    quantiles=list(quantiles()),
    warm_ups=list(warm_ups()),
    batches=list(batches()),
)
print("{")
for number, (name, value) in enumerate(made.items()):
    end = "" if number + 1 == len(made) else ","
    if isinstance(value, str):
        print(f'"{name}": {json.dumps(value)}{end}')
        continue
    print(f'"{name}": [')
    print(",\n".join(json.dumps(row) for row in value))
    print(f"]{end}")
print("}")
