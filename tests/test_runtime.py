# SPDX-License-Identifier: BSD-3-Clause
"""Threads, forks, signals, imports and the choice of the instruction set."""

from __future__ import annotations

import os
import platform
import signal
import subprocess
import sys
import textwrap
import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
import pytest

import crowfly
from assertions import assert_neighbors_equal
from references import neighbors
from strategies import THREADS, normal_pair

TIMEOUT_SECONDS = 120
INTERRUPT_SECONDS = 2.0

needs_fork = pytest.mark.skipif(not hasattr(os, "fork"), reason="this system has no fork")


def run_python(script: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """Runs a script in a fresh interpreter."""
    return subprocess.run(
        [sys.executable, "-c", textwrap.dedent(script)],
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        timeout=TIMEOUT_SECONDS,
        check=False,
    )


def output_of(script: str, **environment: str) -> str:
    finished = run_python(script, **environment)
    assert finished.returncode == 0, finished.stderr
    return finished.stdout.strip()


# --- Number of threads ---


@pytest.mark.parametrize("n", THREADS)
def test_set_and_get(n: int) -> None:
    default = crowfly.get_num_threads()
    crowfly.set_num_threads(n)
    assert crowfly.get_num_threads() == n
    crowfly.set_num_threads(None)
    assert crowfly.get_num_threads() == default


def test_the_default_is_what_this_process_may_use() -> None:
    assert 1 <= crowfly.get_num_threads() <= len(os.sched_getaffinity(0))


def test_a_limit_for_one_call_ends_with_it() -> None:
    queries, points = normal_pair(301, 1009, 8)
    crowfly.set_num_threads(3)
    crowfly.nearest(queries, points, num_threads=1)
    assert crowfly.get_num_threads() == 3


def test_a_limit_for_one_call_ends_with_its_failure() -> None:
    crowfly.set_num_threads(3)
    with pytest.raises(ValueError, match="k"):
        crowfly.nearest(*normal_pair(3, 9, 8), k=99, num_threads=1)
    assert crowfly.get_num_threads() == 3


@pytest.mark.parametrize("n", THREADS)
def test_the_setting_changes_no_result(n: int) -> None:
    queries, points = normal_pair(301, 2053, 8)
    crowfly.set_num_threads(n)
    assert_neighbors_equal(crowfly.nearest(queries, points, 3), neighbors(queries, points, 3))


@pytest.mark.parametrize(("text", "expected"), [("1", "1"), ("1,4", "1")])
def test_omp_num_threads_is_honoured(text: str, expected: str) -> None:
    assert output_of("import crowfly; print(crowfly.get_num_threads())", OMP_NUM_THREADS=text) == expected


@pytest.mark.parametrize("text", ["", "0", "-3", "many"])
def test_nonsense_in_omp_num_threads_is_ignored(text: str) -> None:
    script = "import crowfly; print(crowfly.get_num_threads())"
    environment = {key: value for key, value in os.environ.items() if key != "OMP_NUM_THREADS"}
    plain = subprocess.run(
        [sys.executable, "-c", script],
        env=environment,
        capture_output=True,
        text=True,
        timeout=TIMEOUT_SECONDS,
        check=True,
    )
    assert output_of(script, OMP_NUM_THREADS=text) == plain.stdout.strip()


@pytest.mark.skipif(not hasattr(os, "sched_setaffinity"), reason="this system has no affinity masks")
def test_affinity_is_honoured() -> None:
    script = """
        import os
        os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})
        import crowfly
        print(crowfly.get_num_threads())
    """
    assert output_of(script) == "1"


def test_concurrent_callers_get_their_own_answers() -> None:
    problems = [normal_pair(101 + i, 1009, 4 + i) for i in range(8)]
    expected = [neighbors(queries, points, 3) for queries, points in problems]

    def work(i: int) -> None:
        for num_threads in (None, *THREADS) * 3:
            actual = crowfly.nearest(*problems[i], 3, num_threads=num_threads)
            assert_neighbors_equal(actual, expected[i])

    with ThreadPoolExecutor(8) as executor:
        for future in [executor.submit(work, i) for i in range(8)]:
            future.result(timeout=TIMEOUT_SECONDS)


def test_concurrent_callers_share_an_index() -> None:
    queries, points = normal_pair(257, 2053, 9)
    index, expected = crowfly.Index(points), neighbors(queries, points, 4)
    with ThreadPoolExecutor(8) as executor:
        futures = [executor.submit(index.query, queries, 4) for _ in range(32)]
        for future in futures:
            assert_neighbors_equal(future.result(timeout=TIMEOUT_SECONDS), expected)


# --- Fork ---

FORK = """
    import multiprocessing, sys
    import numpy as np
    import crowfly

    rng = np.random.default_rng(0)
    queries, points = rng.random((500, 16)), rng.random((3000, 16))
    y = rng.random(3000)

    def answer(_):
        fit = crowfly.logistic(points, y > 0.5)
        return [*crowfly.nearest(queries, points, 3), crowfly.lstsq(points, y).coef, fit.coef]

    expected = answer(0)  # starts the workers before the fork
    for start in range(3):
        with multiprocessing.get_context("fork").Pool(3) as pool:
            results = pool.map_async(answer, range(6)).get(timeout=60)
        for result in results:
            assert all(a.tobytes() == b.tobytes() for a, b in zip(result, expected))
        again = answer(0)
        assert all(a.tobytes() == b.tobytes() for a, b in zip(again, expected))
    print("done")
"""


@needs_fork
@pytest.mark.parametrize("num_threads", ["1", "2"])
def test_a_forked_child_answers(num_threads: str) -> None:
    assert output_of(FORK, OMP_NUM_THREADS=num_threads) == "done"


@needs_fork
def test_a_fork_during_a_call_of_another_thread() -> None:
    script = """
        import os, threading, time
        import numpy as np
        import crowfly

        rng = np.random.default_rng(0)
        queries, points = rng.random((400, 32)), rng.random((4000, 32))
        expected = crowfly.nearest(queries, points)[1]
        stop = threading.Event()

        def keep_busy():
            while not stop.is_set():
                crowfly.nearest(queries, points)

        worker = threading.Thread(target=keep_busy)
        worker.start()
        for _ in range(10):
            pid = os.fork()
            if pid == 0:
                os._exit(0 if np.array_equal(crowfly.nearest(queries, points)[1], expected) else 1)
            assert os.waitpid(pid, 0)[1] == 0
        stop.set()
        worker.join()
        print("done")
    """
    assert output_of(script) == "done"


# --- Ctrl-C ---

LONG_CALLS = {
    "query": """
        points = np.random.default_rng(0).random((200_000, 64), dtype=np.float32)
        index = crowfly.Index(points, "manhattan")
        queries = np.random.default_rng(1).random((40_000, 64), dtype=np.float32)
        call = lambda: index.query(queries, 5)
    """,
    "means": """
        points = np.random.default_rng(0).random((20_000, 3), dtype=np.float32)
        index = crowfly.Index(points)
        queries = np.broadcast_to(np.float32(0.5), (200_000, 3))
        call = lambda: index.means(queries, 2000, points[:, 0])
    """,
    "query_radius": """
        points = np.random.default_rng(0).random((6_000, 16), dtype=np.float32)
        index = crowfly.Index(points, "manhattan")
        queries = np.broadcast_to(np.float32(0.5), (3_000, 16))
        call = lambda: [index.query_radius(queries, 100.0) for _ in range(100)]
    """,
    "pairwise_distances": """
        X = np.broadcast_to(np.random.default_rng(0).random((1, 30_000), dtype=np.float32), (6_000, 30_000))
        call = lambda: crowfly.pairwise_distances(X, metric="manhattan")
    """,
    "lstsq": """
        X = np.random.default_rng(0).random((20_000, 2_000))
        tall = np.lib.stride_tricks.as_strided(X, (4_000_000, 400), (0, 8))
        call = lambda: crowfly.lstsq(tall, np.zeros(4_000_000))
    """,
    "logistic": """
        X = np.random.default_rng(0).random((1, 400))
        tall = np.broadcast_to(X, (4_000_000, 400))
        call = lambda: crowfly.logistic(tall, np.arange(4_000_000) % 2)
    """,
}

INTERRUPTED = """
    import sys, time
    import numpy as np
    import crowfly

    {prepare}
    print("started", flush=True)
    try:
        call()
    except KeyboardInterrupt:
        print("interrupted", time.time(), flush=True)
        sys.exit(0)
    print("finished", flush=True)
"""


@pytest.mark.skipif(sys.platform == "win32", reason="signals differ there")
@pytest.mark.parametrize("name", LONG_CALLS)
def test_ctrl_c_stops_a_long_call(name: str) -> None:
    script = textwrap.dedent(INTERRUPTED).format(prepare=textwrap.dedent(LONG_CALLS[name]).strip())
    environment = {**os.environ, "OMP_NUM_THREADS": "1"}
    with subprocess.Popen(
        [sys.executable, "-c", script],
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        try:
            assert process.stdout.readline() == "started\n", process.stderr.read()
            time.sleep(0.5)
            sent = time.time()
            process.send_signal(signal.SIGINT)
            process.wait(timeout=TIMEOUT_SECONDS)
        finally:
            process.kill()
        words = process.stdout.read().split()
    assert words[:1] == ["interrupted"], f"{words}: the call was not interrupted"
    assert float(words[1]) - sent < INTERRUPT_SECONDS


def test_a_call_works_after_one_that_was_interrupted() -> None:
    script = """
        import os, signal, threading
        import numpy as np
        import crowfly

        points = np.random.default_rng(0).random((200_000, 64), dtype=np.float32)
        threading.Timer(0.5, lambda: os.kill(os.getpid(), signal.SIGINT)).start()
        try:
            crowfly.nearest(points[:40_000], points, 5, metric="manhattan")
        except KeyboardInterrupt:
            print("interrupted")
        print(crowfly.nearest(points[:3], points[:100])[1].ravel().tolist())
    """
    assert output_of(script) == "interrupted\n[0, 1, 2]"


# --- threadpoolctl ---

IMPORTS = {
    "crowfly first": "import crowfly, threadpoolctl",
    "threadpoolctl first": "import threadpoolctl, crowfly",
}


@pytest.mark.parametrize("order", IMPORTS)
def test_threadpoolctl_knows_crowfly(order: str) -> None:
    pytest.importorskip("threadpoolctl")
    script = f"""
        {IMPORTS[order]}
        crowfly.set_num_threads(3)
        mine = [entry for entry in threadpoolctl.threadpool_info() if entry["user_api"] == "crowfly"]
        assert len(mine) == 1, threadpoolctl.threadpool_info()
        assert mine[0]["num_threads"] == 3, mine
        assert mine[0]["version"] == crowfly.__version__, mine
        with threadpoolctl.threadpool_limits(1, user_api="crowfly"):
            assert crowfly.get_num_threads() == 1
        assert crowfly.get_num_threads() == 3
        with threadpoolctl.threadpool_limits({{"crowfly": 2}}):
            assert crowfly.get_num_threads() == 2
        assert crowfly.get_num_threads() == 3
        with threadpoolctl.threadpool_limits(1):
            assert crowfly.get_num_threads() == 1
        assert crowfly.get_num_threads() == 3
        print("done")
    """
    assert output_of(script) == "done"


# --- Imports and instruction sets ---


@pytest.mark.parametrize("module", ["scipy", "sklearn", "pandas", "matplotlib", "rich"])
def test_import_is_light(module: str) -> None:
    script = f"import sys, crowfly; print(any(name.split('.')[0] == {module!r} for name in sys.modules))"
    assert output_of(script) == "False"


def test_neighbors_need_numpy_alone() -> None:
    script = """
        import sys, crowfly
        crowfly.nearest([[0.0]], [[1.0]])
        print([name for name in ("scipy", "sklearn") if name in sys.modules])
    """
    assert output_of(script) == "[]"


def test_import_starts_no_thread() -> None:
    script = "import threading, crowfly; print(threading.active_count())"
    assert output_of(script) == "1"


def test_config_says_what_runs() -> None:
    config = crowfly.get_config()
    assert config["version"] == crowfly.__version__
    assert config["isa"] in config["available_isas"]
    assert config["num_threads"] == crowfly.get_num_threads()


def test_show_config_prints_the_config(capsys: pytest.CaptureFixture[str]) -> None:
    crowfly.show_config()
    printed = capsys.readouterr().out
    assert crowfly.get_config()["isa"] in printed
    assert crowfly.__version__ in printed


@pytest.mark.parametrize("isa", crowfly.get_config()["available_isas"])
def test_the_instruction_set_can_be_chosen(isa: str) -> None:
    assert output_of("import crowfly; print(crowfly.get_config()['isa'])", CROWFLY_ISA=isa) == isa


def test_the_best_instruction_set_is_the_default() -> None:
    environment: dict[str, Any] = {"CROWFLY_ISA": ""}
    chosen = output_of("import crowfly; print(crowfly.get_config()['isa'])", **environment)
    assert chosen == crowfly.get_config()["available_isas"][-1]


@pytest.mark.skipif(
    sys.platform != "linux" or platform.machine() != "x86_64",
    reason="tile registers are asked for on Linux alone",
)
def test_a_chosen_instruction_set_asks_for_no_tile_registers() -> None:
    script = """
        import ctypes, crowfly
        arch_prctl, get_permissions, permissions = 158, 0x1022, ctypes.c_uint64()
        ctypes.CDLL(None).syscall(arch_prctl, get_permissions, ctypes.byref(permissions))
        print(permissions.value >> 18 & 1)
    """
    assert output_of(script, CROWFLY_ISA="reference") == "0"


@pytest.mark.parametrize("isa", ["sse9", "AVX2 ", "avx2,reference"])
def test_an_unknown_instruction_set_is_refused(isa: str) -> None:
    finished = run_python("import crowfly", CROWFLY_ISA=isa)
    assert finished.returncode == 1
    last = finished.stderr.strip().splitlines()[-1]
    assert last.startswith("ImportError")
    assert isa in last
    assert all(name in last for name in crowfly.get_config()["available_isas"])


def test_public_names() -> None:
    names = {"Index", "nearest", "pairwise_distances", "lstsq", "logistic", "ConvergenceWarning"}
    names |= {"set_num_threads", "get_num_threads", "get_config", "show_config"}
    assert names <= set(dir(crowfly))
    assert np.all([callable(getattr(crowfly, name)) for name in names])


@pytest.mark.parametrize("command", [["-m", "crowfly"], ["-m", "crowfly", "report"]])
def test_the_command_line_says_in_one_line_that_the_core_will_not_load(command: list[str]) -> None:
    environment = {**os.environ, "CROWFLY_ISA": "nonsense"}
    done = subprocess.run(
        [sys.executable, *command], env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 2
    assert done.stderr.startswith("crowfly: error: CROWFLY_ISA=nonsense")
    assert done.stderr.count("\n") == 1


DAEMON = """
import threading, time
import numpy as np, crowfly
points = np.random.default_rng(0).standard_normal((400_000, 32))
index = crowfly.Index(points, "manhattan")
started = threading.Event()
def search():
    started.set()
    while True:
        index.query(points[:2000], num_threads=2)
threading.Thread(target=search, daemon=True).start()
started.wait()
time.sleep(0.3)
"""


def test_the_interpreter_may_end_while_a_daemon_thread_searches() -> None:
    done = subprocess.run(
        [sys.executable, "-c", DAEMON], capture_output=True, text=True, check=False, timeout=60
    )
    assert (done.returncode, done.stderr) == (0, "")


FORK_WHILE_PACKING = """
import os, signal, threading, time, warnings
import numpy as np, crowfly
warnings.simplefilter("ignore", DeprecationWarning)  # fork while threads run is what this is about
points = np.random.default_rng(0).standard_normal((300_000, 64))
index = crowfly.Index(points)
packing = threading.Thread(target=index.query, args=(points[:16],))
packing.start()
time.sleep(0.02)
child = os.fork()
if child == 0:
    signal.alarm(30)
    os._exit(0 if index.query(points[:16])[1][:, 0].tolist() == list(range(16)) else 1)
packing.join()
raise SystemExit(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
"""


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
def test_a_fork_while_another_thread_packs_leaves_the_child_able_to_search() -> None:
    done = subprocess.run(
        [sys.executable, "-c", FORK_WHILE_PACKING], capture_output=True, text=True, check=False, timeout=90
    )
    assert (done.returncode, done.stderr) == (0, "")


LARGE_K = """
import resource
import numpy as np, crowfly
points = np.random.default_rng(0).standard_normal((200_000, 4))
index = crowfly.Index(points)
index.query(points[:16])  # packs
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
distances, indices = index.query(points[:336], 1000, num_threads=2)
print((resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) * 1024 - distances.nbytes - indices.nbytes)
"""


@pytest.mark.skipif(sys.platform != "linux", reason="reads the peak memory as Linux reports it")
def test_memory_of_many_neighbours_stays_near_the_answer() -> None:
    done = subprocess.run([sys.executable, "-c", LARGE_K], capture_output=True, text=True, check=True)
    # The parts before they are merged (32 MiB), and per thread the candidates and the queries of a block.
    assert int(done.stdout) < 2**20 * (32 + 2 * 16)
