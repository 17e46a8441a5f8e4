"""The process: bounds first, then jobs, a line each, until there are no more or the server is gone."""

import os
import resource
import sys
from typing import Final

import msgspec

from chinwag.workbench.ending import end_with_parent
from chinwag.workbench.messages import LINE_BYTES, Bounds, Done, Job

OPEN_FILES: Final = 64


def main(bounds: str) -> None:
    """bounds: of the process, as JSON. Jobs come on standard input, answers go to standard output."""
    _bound(msgspec.json.decode(bounds, type=Bounds))
    jobs = os.fdopen(os.dup(0), "rb")
    answers = os.dup(1)
    # a library that writes something by itself answers nobody
    nothing = os.open(os.devnull, os.O_RDWR)
    for standard in (0, 1, 2):
        os.dup2(nothing, standard)

    from chinwag.workbench import looking  # what it needs counts as little as what it does

    while line := jobs.readline(LINE_BYTES):
        job = msgspec.json.decode(line, type=Job)
        _bound_job(job)
        try:
            answer = looking.done(job)
        except MemoryError:
            answer = Done()
        os.write(answers, msgspec.json.encode(answer) + b"\n")  # shorter than what a pipe takes at once


def _bound(bounds: Bounds) -> None:
    """What holds until it ends, also for the programs that it starts."""
    end_with_parent()
    os.nice(bounds.nice)
    os.umask(0o077)
    resource.setrlimit(resource.RLIMIT_AS, (bounds.memory, bounds.memory))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_NOFILE, (OPEN_FILES, OPEN_FILES))


def _bound_job(job: Job) -> None:
    """CPU from now on, and the longest file; either ends the process."""
    spent = resource.getrusage(resource.RUSAGE_SELF)
    most = int(spent.ru_utime + spent.ru_stime) + job.cpu_seconds + 1
    resource.setrlimit(resource.RLIMIT_CPU, (most, resource.RLIM_INFINITY))
    resource.setrlimit(resource.RLIMIT_FSIZE, (job.file_bytes, resource.RLIM_INFINITY))


if __name__ == "__main__":
    main(sys.argv[1])
