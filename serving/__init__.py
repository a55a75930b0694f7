"""Everything that answers a request; must not know torch, MLflow, Prefect or how anything is trained."""
