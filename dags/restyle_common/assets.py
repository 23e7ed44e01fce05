"""The assets that tie the three DAGs together; every event carries the night's date as its partition key."""

from airflow.sdk import Asset

CATALOG_DATASET = Asset(
    name="catalog_dataset",
    uri="x-restyle://catalog-dataset",
    extra={"what": "Snapshot, image facts and training dataset of one night"},
)
BRAND_MODELS = Asset(
    name="brand_models",
    uri="x-restyle://brand-models",
    extra={"what": "Every brand has the model that its references and settings ask for"},
)
CATALOG_RELEASE = Asset(
    name="catalog_release",
    uri="x-restyle://catalog-release",
    extra={"what": "Releases of one night"},
)
