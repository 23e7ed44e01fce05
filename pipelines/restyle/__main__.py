"""`python -m pipelines.restyle`: restyle what a run's plan names. The last line on stdout is the summary as JSON."""

from __future__ import annotations

import sys

from pipelines.core.jobs import run_job
from pipelines.restyle.job import restyle
from pipelines.transforms.job_options import parse_run_job

if __name__ == "__main__":
    options = parse_run_job("pipelines.restyle", "Restyle the images of one run's plan with its pinned model.")
    sys.exit(run_job(lambda: restyle(options)))
