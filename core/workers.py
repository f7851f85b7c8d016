"""A pool of processes that listen. One file can neither stop it nor take others down: a crash is traced to its file.

Each process has a pipe of its own, so that it can be killed at any moment without leaving a shared queue locked, and so
that it ends by itself when the parent is gone. (`concurrent.futures` cannot say whose task broke its pool.)
"""

import logging
import multiprocessing
import signal
import sys
import traceback
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from multiprocessing.connection import Connection, wait
from multiprocessing.process import BaseProcess
from types import ModuleType
from typing import TypeAlias

from threadpoolctl import threadpool_limits

from core.ahead import Pending
from core.errors import AudioError, EarshotError
from core.listening import Asked, Learned, Listener
from core.settings import Settings

log = logging.getLogger(__name__)

Result: TypeAlias = Learned | AudioError

AHEAD = 2  # tasks a process holds, so that it does not idle while the parent writes to the database
PATIENCE_S = 5.0  # for a process to end by itself


@dataclass(slots=True)
class _Task:
    asked: Asked
    answer: Result | None = None


@dataclass(slots=True)
class _Worker:
    process: BaseProcess
    pipe: Connection
    tasks: deque[_Task] = field(default_factory=deque)


class ListenerPool:
    """Listeners in up to `n_workers` processes. Use as a context manager; leaving it by an exception kills them."""

    def __init__(self, embedder: str, captioner: str, n_workers: int, settings: Settings | None = None) -> None:
        self._listener = (embedder, captioner, settings)
        self._n_workers = n_workers
        self._workers: list[_Worker] = []
        self._waiting: deque[_Task] = deque()

    def __enter__(self) -> "ListenerPool":
        return self

    def __exit__(self, problem: type[BaseException] | None, *_: object) -> None:
        for worker in self._workers:
            worker.pipe.close()
            if problem is not None:  # an hour of sound that nobody waits for any more would hold up Ctrl-C
                worker.process.terminate()
        for worker in self._workers:
            worker.process.join(PATIENCE_S)
        self._workers.clear()

    def submit(self, asked: Asked) -> Pending[Result]:
        """Starts to listen; the result is what was learned, or the reason why nothing was."""
        task = _Task(asked)
        self._waiting.append(task)
        self._deal()
        return _Ticket(self, task)

    def finish(self, task: _Task, timeout_s: float | None) -> None:
        """Takes in what the processes have done, for a task until it is done, or for as long as the timeout."""
        while task.answer is None:
            self._collect(timeout_s)
            self._deal()
            if timeout_s is not None:
                return

    def _deal(self) -> None:
        """Gives waiting tasks to the processes that have the least to do; starts processes as they are needed."""
        while self._waiting:
            idle = min(self._workers, key=lambda worker: len(worker.tasks), default=None)
            if (idle is None or idle.tasks) and len(self._workers) < self._n_workers:
                idle = self._start()
            if idle is None or len(idle.tasks) >= AHEAD:
                return
            task = self._waiting.popleft()
            idle.tasks.append(task)
            try:
                idle.pipe.send(task.asked)
            except OSError:  # it died before it knew of this task, which others can do
                self._waiting.appendleft(idle.tasks.pop())
                self._bury(idle)

    def _collect(self, timeout_s: float | None) -> None:
        """Waits for at least one result, or for as long as the timeout."""
        by_pipe = {worker.pipe: worker for worker in self._workers}
        for ready in wait(list(by_pipe), timeout_s):
            worker = by_pipe[ready]  # type: ignore[index]  # these are the connections that went in
            try:
                result: Result = worker.pipe.recv()
            except (EOFError, OSError):
                self._bury(worker)
                continue
            if isinstance(result, AudioError) and getattr(result, "__notes__", None):
                log.error("listening to %s failed: %s", result.name, "\n".join(result.__notes__))
            worker.tasks.popleft().answer = result

    def _bury(self, worker: _Worker) -> None:
        """A process died: the task it was at is to blame if there was one, those it had not begun go to others."""
        self._workers.remove(worker)
        worker.pipe.close()
        worker.process.join(PATIENCE_S)
        if not worker.tasks:
            log.warning("a process ended while it had nothing to do (exit code %s)", worker.process.exitcode)
            return
        guilty = worker.tasks.popleft()
        guilty.answer = AudioError(guilty.asked.path.name, _cause_of_death(worker.process.exitcode))
        log.error("listening to %s ended its process (exit code %s)", guilty.asked.path.name, worker.process.exitcode)
        self._waiting.extendleft(reversed(worker.tasks))

    def _start(self) -> _Worker:
        # Spawned, not forked: the chat ingests from a process full of threads, and a fork would copy their locks.
        context = multiprocessing.get_context("spawn")
        ours, theirs = context.Pipe()
        process = context.Process(target=_work, args=(theirs, *self._listener), daemon=True)
        with _without_main(), _deaf_to_ctrl_c():
            process.start()
        theirs.close()  # so that the pipe breaks when the process ends
        worker = _Worker(process, ours)
        self._workers.append(worker)
        return worker


def _cause_of_death(exit_code: int | None) -> str:
    if exit_code == -signal.SIGKILL:  # nobody but the system or a person does that
        return "the process that heard it was killed, perhaps for want of memory; run again"
    return "crashed the decoder; convert it or remove it"


@dataclass(frozen=True, slots=True)
class _Ticket:
    """A task's result, as the one who gave the task sees it."""

    pool: ListenerPool
    task: _Task

    def done(self) -> bool:
        self.pool.finish(self.task, timeout_s=0)
        return self.task.answer is not None

    def result(self) -> Result:
        self.pool.finish(self.task, timeout_s=None)
        assert self.task.answer is not None, "that is what was waited for"
        return self.task.answer


@contextmanager
def _without_main() -> Iterator[None]:
    """Keeps a process that is started meanwhile from running the caller's script once more.

    A spawned process imports `__main__` again; a script without the usual guard would then ingest in every process.
    """
    main = sys.modules["__main__"]
    sys.modules["__main__"] = ModuleType("__main__")
    try:
        yield
    finally:
        sys.modules["__main__"] = main


@contextmanager
def _deaf_to_ctrl_c() -> Iterator[None]:
    """Has a process that is started meanwhile not hear Ctrl-C, which it would not survive while it still imports."""
    if not hasattr(signal, "pthread_sigmask"):  # Windows
        yield
        return
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _work(pipe: Connection, embedder: str, captioner: str, settings: Settings | None) -> None:
    """Runs in a process until the parent closes the pipe or is gone. Ctrl-C is the parent's to handle."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    listener = Listener(embedder, captioner, settings)
    listener.embedder.fingerprint()  # loads what brings threads along
    threadpool_limits(1)  # the processes share the processors; more threads in each would only quarrel
    while True:
        try:
            pipe.send(_listen(listener, pipe.recv()))
        except (EOFError, OSError):
            return


def _listen(listener: Listener, asked: Asked) -> Result:
    """One file. Every problem is an answer about that file, also a mistake of ours, which is logged by the parent."""
    path = asked.path
    try:
        before = path.stat()
        learned = listener.learn(asked)
        after = path.stat()
    except AudioError as problem:
        return problem
    except EarshotError as problem:
        return AudioError(path.name, str(problem))
    except OSError as problem:
        return AudioError(path.name, f"{problem.strerror or problem}; check the file and run again")
    except Exception as mistake:
        failed = AudioError(path.name, f"could not be analysed ({type(mistake).__name__}); please report this")
        failed.add_note(traceback.format_exc())
        return failed
    if (before.st_size, before.st_mtime_ns) != (after.st_size, after.st_mtime_ns):
        return AudioError(path.name, "changed while it was being read; run again")
    return learned
