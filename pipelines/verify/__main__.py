"""`python -m pipelines.verify`: judge what a run has restyled. The last line on stdout is the summary as JSON."""

from __future__ import annotations

import sys

from pipelines.core.jobs import run_job
from pipelines.transforms.job_options import parse_run_job
from pipelines.verify.job import verify

if __name__ == "__main__":
    options = parse_run_job("pipelines.verify", "Judge the restyled images of one run against the brand's gate.")
    sys.exit(run_job(lambda: verify(options)))
