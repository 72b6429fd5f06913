"""Training tasks that run beside an app: started, paused, advanced by single steps, stopped, and looked at meanwhile.

    job = Job(plan("gan-ring8"), watch=lambda model, step: model.sample(range(500)).numpy())
    job.start()
    job.snapshot().state, job.snapshot().step

A job is a thread, not a process: the numbers are in ARCHITECTURE.md. Nothing here knows what app it is.
"""

from genlib.jobs.job import Job as Job
from genlib.jobs.lease import Lease as Lease
from genlib.jobs.limits import Limits as Limits
from genlib.jobs.queue import HERE as HERE
from genlib.jobs.queue import Queue as Queue
from genlib.jobs.snapshot import Curves as Curves
from genlib.jobs.snapshot import Moment as Moment
from genlib.jobs.snapshot import Snapshot as Snapshot
from genlib.jobs.snapshot import State as State
