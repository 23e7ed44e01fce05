"""`python -m pipelines.preprocess`: prepare one night's catalog. The last line on stdout is the summary as JSON."""

from __future__ import annotations

import sys

from pipelines.core.jobs import run_job
from pipelines.preprocess.job import preprocess
from pipelines.transforms.job_options import parse_night_job

if __name__ == "__main__":
    options = parse_night_job(
        "pipelines.preprocess", "Decode, mask and resize one night's images; write training dataset and image facts."
    )
    sys.exit(run_job(lambda: preprocess(options)))
