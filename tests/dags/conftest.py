"""Airflow reads its settings when it is first imported, so they are set before any test of this folder is collected."""

import os
import sys
import tempfile
from pathlib import Path

import yaml

DAGS = Path(__file__).resolve().parents[2] / "dags"
HOME = Path(tempfile.mkdtemp(prefix="restyle-dags-"))
BRANDS = ("inkwell", "gouache")

os.environ["AIRFLOW_HOME"] = str(HOME)
os.environ["AIRFLOW__CORE__LOAD_EXAMPLES"] = "False"
os.environ["AIRFLOW__CORE__DAGS_FOLDER"] = str(DAGS)
os.environ["RESTYLE_SETTINGS"] = str(HOME / "shop.yaml")
sys.path.insert(0, str(DAGS))

for brand in BRANDS:
    (HOME / f"{brand}.yaml").write_text(yaml.safe_dump({"brand": brand, "references_uri": "references"}))
(HOME / "shop.yaml").write_text(
    yaml.safe_dump(
        {"shop": "corner", "feed": {"uri": "feed.csv"}, "output_uri": "out", "brands": [f"{b}.yaml" for b in BRANDS]}
    )
)
